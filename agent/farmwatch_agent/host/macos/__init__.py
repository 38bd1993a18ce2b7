"""The live macOS host: files, listed commands, and a few functions of the system."""
