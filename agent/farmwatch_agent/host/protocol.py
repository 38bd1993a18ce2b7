"""`Host`: the verbs through which probes see the operating system, and the errors they meet.

HostError
├── Missing        the thing asked for is not there: often evidence of nothing
├── NotPermitted   it may be there, rights are missing (also a blank the system gives instead of an error)
├── NotSupported   this system has no such thing
└── SourceBroken   it is there and cannot be read or makes no sense

A probe lets them pass when they concern all it looks at: the runner turns each into its outcome
(`Missing` into `none`). It catches the narrowest where only a part is concerned, and yields a `Gap`.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from farmwatch_schema.errors import FarmwatchError

if TYPE_CHECKING:
    from .row import Row

RowType = TypeVar("RowType", bound="Row")


class HostError(FarmwatchError):
    """Base of what a verb of `Host` raises."""


class Missing(HostError):
    """Not there."""


class NotPermitted(HostError):
    """May not be looked at with the agent's rights."""


class NotSupported(HostError):
    """This system has no such thing."""


class SourceBroken(HostError):
    """Is there, and cannot be read or makes no sense."""


class FileStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What `stat` tells: mode bits, owner, size in bytes, times in seconds, and where the file lies."""

    mode: int
    uid: int
    gid: int
    size: int
    mtime: float
    inode: int
    device: int


class Host(Protocol):
    """The operating system. Paths are absolute, as that system writes them, whatever the form of the host.

    Forms: live (this machine), recording (live, and keeps what was read), replaying (a capture),
    root (a file tree taken for `/`). Every verb raises only HostError's children.
    """

    platform: str
    #: `live`, `replay` or `root`: goes into the report's `origin`.
    origin: str
    #: What is read is a running system, or was when it was recorded: a process without a program has ended there,
    #: while a file tree may simply leave things out.
    running: bool

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        """Returns at most `limit` bytes of a file."""
        ...

    def text(self, path: str, limit: int = 1 << 20) -> str:
        """Returns a file as text, undecodable bytes replaced, without trailing white space."""
        ...

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        """Returns `folder`/N/`file` for every N that is a number: all of /proc in one verb.

        One that cannot be read stands there with its error; one that is not there (any more) is left out.
        Raises only for `folder` itself.
        """
        ...

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        """Returns where the links `folder`/N/`file` point to, for every N that is a number, as `read_each` does."""
        ...

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        """Returns the flags (`argument_flags.FLAGS`) of each process that has any, by its number.

        processes  numbers to look at; all when empty

        The only verb that meets arguments: they are reduced where they are read, and no text of them is returned.
        """
        ...

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        """Returns by process the sorted, distinct open descriptors that may be told: `socket:[1234]`, `/dev/uinput`,
        `/dev/uhid`, `/dev/hidraw0`, `/dev/video0`; names of files are left out. An error stands for one that cannot
        be read.
        """
        ...

    def rows(self, kind: "type[RowType]", of: str = "") -> "list[RowType]":
        """Returns what an interface of the system answers about `of`, one `Row` a line; see `row.py`."""
        ...

    def command(self, name: str, of: str = "") -> bytes:
        """Returns what a listed command printed: only macOS has any (`macos/commands.py`), each with its limits.

        of  the one argument that some of them take: a path or a label
        """
        ...

    def boot_id(self) -> str:
        """Returns a text that is new with each boot; NotSupported where there is none."""
        ...

    def names(self, path: str) -> list[str]:
        """Returns the names in a folder, sorted."""
        ...

    def link(self, path: str) -> str:
        """Returns where a symbolic link points to, as written."""
        ...

    def resolve(self, path: str) -> str:
        """Returns the path with every symbolic link followed."""
        ...

    def status(self, path: str) -> FileStatus:
        """Returns a file's status, symbolic links followed where only root can make them; elsewhere NotPermitted."""
        ...

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        """Returns the SHA-256 of a file of at most `limit` bytes, hex; a larger one is NotSupported."""
        ...

    def now(self) -> float:
        """Returns the wall clock, seconds since 1970 in UTC."""
        ...

    def uptime(self) -> float:
        """Returns seconds since boot, sleep included where the system counts it."""
        ...

    def euid(self) -> int:
        """Returns the effective user id the agent runs with; 0 for root or SYSTEM."""
        ...
