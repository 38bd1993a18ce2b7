"""The agent on each laptop: probes look through `Host`, the runner makes sections of what they see."""

__version__ = "0.1.0"
