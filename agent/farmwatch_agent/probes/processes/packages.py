"""Which Debian package owns an executable, from /var/lib/dpkg/info/NAME.list (dpkg-query(1)), within a budget.

A laptop has some 2,000 lists and 20 MB of them. The list whose name follows from the path is tried first and
settles most; for the rest a bounded number of lists is read per pass, round and round, libraries and
documentation last. A path is declared unowned once every list was read since it was first asked for.
"""

from ...host import Host, HostError
from .cache import Executables

INFO = "/var/lib/dpkg/info"
STATUS = "/var/lib/dpkg/status"
LISTS_PER_PASS = 150
_PIECE = 1 << 15

#: Where Debian packages never put files: FHS 3.0 and Debian Policy 9.1.2 leave these to the administrator and users.
_NEVER = (
    *("/memfd:", "/home/", "/var/home/", "/root/", "/tmp/", "/var/tmp/", "/usr/local/"),  # noqa: S108
    *("/run/", "/dev/shm/", "/media/", "/mnt/"),  # noqa: S108
)
#: Seldom with executables, so read last.
_LATE = ("lib", "fonts-", "linux-headers", "python3-", "gir1.2", "golang-", "xfonts-", "texlive", "language-pack")
_LATE_ENDS = ("-doc", "-dev", "-data", "-dbg", "-dbgsym", "-locale", "-l10n")
#: Endings of a package's name where its program has none: sshd is openssh-server's, python3.11 python3.11-minimal's.
_ENDINGS = ("", "-minimal", "-bin", "-server", "-core", "-common", "-daemon", "-utils", "-stable", "-base")
#: Folders that say nothing about the package.
_COMMON = frozenset({"", "usr", "bin", "sbin", "lib", "lib64", "libexec", "opt", "x86_64-linux-gnu", "share"})
_KNOWN = {"sshd": "openssh-server", "ssh": "openssh-client", "ssh-agent": "openssh-client", "sleep": "coreutils"}


class Packages:
    """Answers from the cache and goes on reading lists in each pass."""

    def __init__(self, cache: Executables) -> None:
        self.cache = cache
        self._order: list[str] = []
        self._cursor = 0
        #: Paths whose owner is looked for, with how many lists are still to be read for each.
        self._pending: dict[str, int] = {}
        self._available = False
        self._passes = 0

    def begin(self, host: Host) -> None:
        """Starts a pass. When packages changed, what is known holds until the new lists say otherwise."""
        try:
            status = host.status(STATUS)
        except HostError:
            self._available = False
            return
        self._available = True
        self._passes += 1
        generation = f"{status.mtime:.0f}|{status.size}"
        if generation != self.cache.generation:
            self.cache.generation = generation
            self._order = []
            self._pending = dict.fromkeys((*self._pending, *self.cache.packages), 0)

    def owner(self, host: Host, path: str) -> str | None:
        """Returns the package of a path, "" when none owns it, None when not known yet or without dpkg."""
        if not self._available:
            return None
        if path.startswith(_NEVER) or not _is_text(path):
            return ""
        known = self.cache.packages.get(path)
        if known is not None or path in self._pending:
            return known
        for name in candidates(path):
            if _lists(host, name, path):
                self.cache.packages[path] = name
                return name
        self._pending[path] = 0
        return None

    def go_on(self, host: Host, lists: int = LISTS_PER_PASS) -> None:
        """Reads the next lists for what is looked for; not in the first pass, which is often the only one."""
        if not self._available or not self._pending or self._passes < 2:
            return
        if not self._order:
            self._order = _in_order(host)
            self._pending = dict.fromkeys(self._pending, 0)
        total = len(self._order)
        self._pending = {path: left or total for path, left in self._pending.items()}
        wanted = {spelling.encode(): path for path in self._pending for spelling in spellings(path)}
        read = min(lists, total)
        for _ in range(read):
            name = self._order[self._cursor % total]
            self._cursor += 1
            for spelling in _listed(host, name, wanted):
                self.cache.packages[wanted[spelling]] = name.partition(":")[0]
                self._pending.pop(wanted[spelling], None)
            if not self._pending:
                return
        for path, left in list(self._pending.items()):
            self._pending[path] = left - read
            if left <= read:
                del self._pending[path]
                self.cache.packages[path] = ""


def candidates(path: str) -> list[str]:
    """Returns names of packages that a path suggests, likeliest first."""
    folders = [part for part in path.split("/") if part not in _COMMON]
    name = folders[-1] if folders else ""
    guesses = [_KNOWN[name]] if name in _KNOWN else []
    guesses += [name + ending for ending in _ENDINGS]
    guesses += reversed(folders[:-1])
    return [guess for guess in dict.fromkeys(guesses) if guess and guess == guess.strip(".") and "/" not in guess]


def _is_text(path: str) -> bool:
    """Whether a path is text: one with other bytes is in no package's list, and cannot be kept."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def spellings(path: str) -> tuple[str, ...]:
    """Returns how a package may list a path: with or without /usr, because both lead to one file since usrmerge."""
    if path.startswith(("/usr/bin/", "/usr/sbin/", "/usr/lib")):
        return (path, path[4:])
    return (path,)


def _in_order(host: Host) -> list[str]:
    try:
        names = [name[:-5] for name in host.names(INFO) if name.endswith(".list")]
    except HostError:
        return []
    return sorted(names, key=lambda name: (name.startswith(_LATE) or name.endswith(_LATE_ENDS), name))


def _lists(host: Host, name: str, path: str) -> bool:
    try:
        data = host.read(f"{INFO}/{name}.list", 1 << 22)
    except HostError:
        return False
    lines = [f"\n{spelling}".encode() for spelling in spellings(path)]
    return any(line + b"\n" in data or data.endswith(line) for line in lines)


def _listed(host: Host, name: str, wanted: dict[bytes, str]) -> set[bytes]:
    """Returns which of the wanted spellings a package lists; piece by piece, because the longest list is megabytes."""
    try:
        data = host.read(f"{INFO}/{name}.list", 1 << 22)
    except HostError:
        return set()
    found: set[bytes] = set()
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE)
        end = end if end >= 0 else len(data)
        found |= wanted.keys() & data[start:end].split(b"\n")
        start = end + 1
    return found
