"""Programs that run, one observable per distinct executable. Arguments never leave the device."""

from .base import Kind, Observable


class Process(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="process"):
    """A running executable, all its processes together.

    name           base name of the executable; the kernel's name of the process when the path is hidden
    path           full path with home folders as `~`; null when it may not be read
    user_writable  an ordinary user could replace the file; null when not known
    deleted        the file is gone while the program runs
    sha256         of the file, hex, at first sight; null when not (yet) read
    package        package that owns the file: "x11vnc"; on macOS the identifier that its signature proves, mostly the
                   bundle id; "" when none does, null when not known
    signer         code signer's name, or team id on macOS ("Apple" for Apple's own); null when not known, "" when
                   nothing proves one: unsigned, signed ad hoc or with a certificate that the system does not trust
    original_name  original file name in the version resource; null where there is no such thing
    kernel_names   other names its processes gave themselves, sorted
    run_by         `system`, `user` or `both`
    count          how many processes, as a bucket
    first_start    day of the earliest start still running, "2026-11-22"
    flags          argument flags of farmwatch_agent's list, sorted: `ssh_remote_forward` ...
    listens        accepts network connections on other than loopback; null when not known
    session_helper  Windows: a service that is not Windows's own started it in a person's session; null when not known
    holds          `uinput`, `uhid`, `packet_socket`, `hidraw`: devices held open; null when not known
    """

    name: str
    path: str | None = None
    user_writable: bool | None = None
    deleted: bool = False
    sha256: str | None = None
    package: str | None = None
    signer: str | None = None
    original_name: str | None = None
    kernel_names: tuple[str, ...] = ()
    run_by: str = "user"
    count: str = "1"
    first_start: str = ""
    flags: tuple[str, ...] = ()
    listens: bool | None = None
    holds: tuple[str, ...] | None = None
    session_helper: bool | None = None


class RecentProgram(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="recent_program"):
    """A program that ran in the last days and does not now, as the system remembers; it may be gone since.

    name      base name of the executable
    path      full path with home folders as `~`
    last_run  day, "2026-11-22"; "" when not known
    """

    name: str
    path: str
    last_run: str = ""


KIND = Kind("processes", "state", (Process, RecentProgram))
