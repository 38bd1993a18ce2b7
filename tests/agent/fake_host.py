"""A host of a dictionary: path to bytes, or to the error that reading it raises."""

from farmwatch_agent.host import FileStatus, HostError, Missing
from farmwatch_agent.host.linux.live import BOOT_ID


class FakeHost:
    """Answers from `files`; everything else is missing."""

    platform = "linux"

    def __init__(self, files: dict[str, bytes | HostError] | None = None, now: float = 1_790_000_000.0) -> None:
        self.files = files or {}
        self.time = now
        self.origin = "live"
        self.running = True

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        found = self.files.get(path, Missing(f"{path}: is not there"))
        if isinstance(found, HostError):
            raise found
        return found[:limit]

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return self.read(path, limit).decode("utf-8", "replace").rstrip()

    def boot_id(self) -> str:
        return self.text(BOOT_ID)

    def now(self) -> float:
        return self.time

    def uptime(self) -> float:
        return 3600.5

    def euid(self) -> int:
        return 1000

    def names(self, path: str) -> list[str]:
        raise Missing(path)

    def link(self, path: str) -> str:
        raise Missing(path)

    def resolve(self, path: str) -> str:
        raise Missing(path)

    def status(self, path: str) -> FileStatus:
        raise Missing(path)

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        raise Missing(path)
