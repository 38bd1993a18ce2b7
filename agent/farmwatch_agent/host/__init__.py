"""The only door to the operating system."""

import sys

from .protocol import FileStatus, Host, HostError, Missing, NotPermitted, NotSupported, SourceBroken

__all__ = ["FileStatus", "Host", "HostError", "Missing", "NotPermitted", "NotSupported", "SourceBroken", "open_host"]


def open_host(root: str | None = None, replay: str | None = None) -> Host:
    """Returns the host that was asked for: this machine, a file tree taken for `/`, or a capture file.

    Raises NotSupported where this machine's system has no live host yet, and CaptureError, a HostError's
    child, for a capture that cannot be read.
    """
    if root is not None and replay is not None:
        raise NotSupported("a file tree and a capture cannot be read at the same time; give one of them")
    if replay is not None:
        from .capture import load  # noqa: PLC0415 (a live reader never pays for it)
        from .replaying import ReplayingHost  # noqa: PLC0415

        return ReplayingHost(load(replay))
    if root is not None:
        from .root import RootHost  # noqa: PLC0415

        return RootHost(root)
    if sys.platform == "linux":
        from .linux.live import LinuxHost  # noqa: PLC0415

        return LinuxHost()
    if sys.platform == "darwin":
        from .macos.live import MacHost  # noqa: PLC0415

        return MacHost()
    if sys.platform == "win32":
        from .windows.live import WindowsHost  # noqa: PLC0415

        return WindowsHost()
    raise NotSupported(f"there is no live host for {sys.platform}; use a capture or a file tree")
