"""What is remembered of executables from pass to pass: hashes, owning packages and signers.

The reader keeps it across restarts: `load(path)` at start, `save(path)` after a pass, in its state folder
(a few tens of KiB). Without that, as in a single `collect`, the first passes read again, within the same budgets.
Damaged or foreign content is dropped, because it is only a cache.
"""

import msgspec

from ...files import write_whole

#: Bytes of executables hashed in one pass, so that a first pass costs milliseconds: SHA-256 does 0.4 to 2 GB/s.
HASH_BUDGET = 4 << 20
#: One file may go over the budget when it is the first of a pass; larger ones have no hash.
HASH_LIMIT = 64 << 20
#: More than a laptop ever runs; beyond it what was not seen for longest goes.
MAX_ENTRIES = 4096


class Executables(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The cache's content.

    hashes      SHA-256 by "path|inode|mtime|size"
    packages    owning package by path, "" for none
    generation  mtime and size of dpkg's status file for which `packages` holds
    signers     by the key of `hashes`: signer, "" when nothing proves one, and the name that the program was made
                with (macOS: identifier in its signature; Windows: original name in its version resource)
    """

    hashes: dict[str, str] = {}
    packages: dict[str, str] = {}
    generation: str = ""
    signers: dict[str, tuple[str, str]] = {}

    def trim(self, seen: set[str]) -> None:
        """Drops the oldest hashes and signers that were not seen in this pass when there are too many."""
        for kept in (self.hashes, self.signers):
            for key in [key for key in kept if key not in seen][: max(0, len(kept) - MAX_ENTRIES)]:
                del kept[key]
        for path in list(self.packages)[: max(0, len(self.packages) - MAX_ENTRIES)]:
            del self.packages[path]


#: Of this process, for the live host. A replay or a file tree gets a blank one of its own.
current = Executables()


#: What was last written, and where.
_saved = ("", b"")


def load(path: str) -> None:
    """Fills `current` from a file; leaves it blank when there is none or it is damaged."""
    try:
        with open(path, "rb") as file:
            kept = msgspec.json.decode(file.read(1 << 21), type=Executables)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return
    current.hashes, current.packages, current.generation = kept.hashes, kept.packages, kept.generation
    current.signers = kept.signers


def save(path: str) -> None:
    """Writes `current` whole or not at all, when it changed since it was last written; a full disk costs only that."""
    global _saved  # noqa: PLW0603 (a laptop's programs seldom change, and each write is synced)
    content = msgspec.json.encode(current)
    if (path, content) == _saved:
        return
    try:
        write_whole(path, content, mode=0o600)
    except OSError:
        return
    _saved = (path, content)
