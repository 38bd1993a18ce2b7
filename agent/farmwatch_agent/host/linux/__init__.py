"""The live Linux host: this machine's files under `/`."""

from .live import LinuxHost

__all__ = ["LinuxHost"]
