"""Grants: the table `access` of a TCC.db, in which macOS keeps who may see the screen, hear, or give input.

Layout as published for macOS 10.14 to 15 (rainforestqa.com, "A deep dive into macOS TCC.db"; entonos.com, "How to
modify TCC on macOS"): before 11 one column `allowed`, since then auth_value and auth_reason. A user's own file is read
as hostile: its bytes are taken through the door that follows no links, parsed in memory, no trigger or view of it runs,
and a query that takes too many steps is stopped.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from ...paths import home_names
from ..protocol import NotPermitted, NotSupported, SourceBroken
from ..row import Row

SYSTEM = "/Library/Application Support/com.apple.TCC/TCC.db"
BELOW_HOME = "Library/Application Support/com.apple.TCC/TCC.db"
MAX_BYTES, MAX_ROWS, MAX_STEPS, MAX_LENGTH = 1 << 24, 4000, 5_000_000, 1 << 16
#: Seeing, hearing and input only: what else is granted (files, contacts, photos) is nobody's business here.
SERVICES = (
    "kTCCServiceCamera",
    "kTCCServiceMicrophone",
    "kTCCServiceScreenCapture",
    "kTCCServiceAccessibility",
    "kTCCServicePostEvent",
    "kTCCServiceListenEvent",
    "kTCCServiceRemoteDesktop",
)


class TccAccess(Row, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a TCC.db. `of` is its path.

    service  kTCCService...
    client   bundle id (`client_type` 0) or absolute path (1)
    value    0 denied, 1 unknown, 2 allowed, 3 limited; None when the column held no number
    reason   2 user consent, 3 user set, 4 system set, 5 service policy, 6 MDM policy; None before macOS 11
    """

    table: ClassVar[str] = "macos_tcc_access"
    platforms: ClassVar[tuple[str, ...]] = ("macos",)

    service: str
    client: str
    client_type: int = 0
    value: int | None = None
    reason: int | None = None

    @classmethod
    def live(cls, of: str) -> "list[TccAccess]":
        from .live import MacHost  # noqa: PLC0415 (live itself loads commands; a replay needs neither)

        data = MacHost().read(of, MAX_BYTES)
        if len(data) >= MAX_BYTES:
            raise SourceBroken(f"{of}: is larger than {MAX_BYTES >> 20} MiB")
        return parse(data, of)

    def identifying(self) -> Iterable[str]:
        return home_names(self.client) if self.client_type == 1 else ()


def parse(data: bytes, place: str) -> list[TccAccess]:
    """Returns the grants in a TCC.db's bytes; raises HostError's children only."""
    if not data:
        raise NotPermitted(f"{place}: is empty, which is what macOS shows without Full Disk Access")
    if data[:16] != b"SQLite format 3\0" or len(data) < 100:
        raise SourceBroken(f"{place}: is no SQLite database")
    import sqlite3  # noqa: PLC0415 (only macOS has such a file)

    # Bytes 18 and 19 are the journal mode (SQLite file format, 1.3.3): in memory there is no write-ahead log.
    data = data[:18] + b"\1\1" + data[20:]
    connection = sqlite3.connect(":memory:")
    try:
        if not hasattr(connection, "deserialize"):
            raise NotSupported(f"{place}: this Python's SQLite cannot read bytes")
        connection.deserialize(data)
        steps = [0]

        def too_many() -> int:
            steps[0] += 1000
            return steps[0] > MAX_STEPS

        connection.set_progress_handler(too_many, 1000)
        # A column that is computed could be as long as it likes; a grant's requirement has some hundred bytes.
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_LENGTH)
        connection.execute("PRAGMA trusted_schema = OFF")
        return _rows(connection, place)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, MemoryError, UnicodeDecodeError) as error:
        raise SourceBroken(f"{place}: {type(error).__name__}: {str(error)[:80]}") from None
    finally:
        connection.close()


def _rows(connection: Any, place: str) -> list[TccAccess]:
    kind = connection.execute("SELECT type FROM sqlite_master WHERE name = 'access' LIMIT 1").fetchone()
    if kind is None or kind[0] != "table":
        raise SourceBroken(f"{place}: has no table of grants")
    columns = {row[1] for row in connection.execute("PRAGMA table_info(access)").fetchmany(100)}
    if not {"service", "client", "client_type"} <= columns or not {"auth_value", "allowed"} & columns:
        raise SourceBroken(f"{place}: its table of grants has another form than any known")
    value = "auth_value" if "auth_value" in columns else "2 * (allowed <> 0)"
    reason = "auth_reason" if "auth_reason" in columns else "NULL"
    marks = ", ".join("?" * len(SERVICES))
    query = (
        f"SELECT service, client, client_type, {value}, {reason} FROM access "  # noqa: S608 (own words only)
        f"WHERE service IN ({marks}) ORDER BY service, client LIMIT {MAX_ROWS}"
    )
    return [
        TccAccess(
            service=service,
            client=client[:1024],
            client_type=1 if client_type == 1 else 0,
            value=value if isinstance(value, int) else None,
            reason=reason if isinstance(reason, int) else None,
        )
        for service, client, client_type, value, reason in connection.execute(query, SERVICES).fetchmany(MAX_ROWS)
        if isinstance(service, str) and isinstance(client, str)
    ]
