"""Detectors: pure functions from what is known about a device to findings. See CONTRIBUTING.md, "add a detector"."""
