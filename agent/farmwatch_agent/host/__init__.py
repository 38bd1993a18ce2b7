"""The only door to the operating system."""

from .protocol import FileStatus, Host, HostError, Missing, NotPermitted, NotSupported, SourceBroken

__all__ = ["FileStatus", "Host", "HostError", "Missing", "NotPermitted", "NotSupported", "SourceBroken"]
