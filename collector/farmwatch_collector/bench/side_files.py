"""Where reports and sign-ins of a labelled fleet came from, as a collector would have kept it: two CSV files.

origins.csv    device,at,address,kind,asn,network,country   from `at` on its reports come from there
sign_ins.csv   person,at,address,kind,asn,network,country   one sign-in a row

An address is any word that is the same for the same address; it is keyed at once. Kinds are those of docs/networks.md.
Format: docs/scenarios.md.
"""

import csv
import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from farmwatch_detectors.placing import Egress, SignIn
from farmwatch_schema.identifiers import Identifier, Keyer

from ..input_error import InputError
from ..store.protocol_network import EGRESS_DAYS

KINDS = ("hosting", "vpn", "residential", "mobile", "shared", "sase", "company", "private", "")
KEPT_DAYS = timedelta(days=EGRESS_DAYS)
_MAX_CELL = 200
_LARGEST_ASN = 1 << 32
_REMEDY = "docs/scenarios.md has the form of a recorded fleet."


class Origins:
    """A device's addresses as the store keeps them, while its reports are fed.

    lines  from when on it hangs on which address, oldest first
    """

    def __init__(self, lines: Sequence[Egress] = ()) -> None:
        self._lines = sorted(lines, key=lambda each: each.seen_from)
        self._begins = [each.seen_from for each in self._lines]
        self._seen: dict[str, Egress] = {}
        self._days: dict[str, dict[date, None]] = {}

    def report(self, at: datetime) -> bool:
        """Takes in that a report came, and returns whether it came from an address that was not known yet."""
        place = bisect_right(self._begins, at) - 1
        if place < 0:
            return False
        line = self._lines[place]
        name = line.address.digest
        before = self._seen.get(name)
        self._days.setdefault(name, {})[at.astimezone(UTC).date()] = None
        first = before.seen_from if before else at
        self._seen[name] = msgspec.structs.replace(line, seen_from=first, seen_until=at)
        return before is None

    def seen(self, now: datetime) -> tuple[Egress, ...]:
        """Returns the addresses of the last days, with the days of each."""
        since = now - KEPT_DAYS
        return tuple(
            msgspec.structs.replace(each, days=tuple(day for day in self._days[name] if day >= since.date()))
            for name, each in self._seen.items()
            if each.seen_until >= since
        )


def parse_origins(text: str, name: str, keyer: Keyer) -> dict[str, list[Egress]]:
    """Returns a CSV text's rows by device; none for no text. Raises InputError with line and field."""
    found: dict[str, list[Egress]] = {}
    for row in _rows(text, name, "device", keyer):
        line = Egress(address=row.address, seen_from=row.at, seen_until=row.at, kind=row.kind, asn=row.asn,
                      network=row.network, country=row.country)  # fmt: skip
        found.setdefault(row.who, []).append(line)
    return found


def parse_sign_ins(text: str, name: str, keyer: Keyer) -> dict[str, list[SignIn]]:
    """Returns a CSV text's rows by person, each person's by time; raises as `parse_origins`."""
    found: dict[str, list[SignIn]] = {}
    for row in sorted(_rows(text, name, "person", keyer), key=lambda each: each.at):
        sign_in = SignIn(at=row.at, address=row.address, kind=row.kind, asn=row.asn, network=row.network,
                         country=row.country)  # fmt: skip
        found.setdefault(row.who, []).append(sign_in)
    return found


class _Row(msgspec.Struct, frozen=True):
    who: str
    at: datetime
    address: Identifier
    kind: str
    asn: int
    network: str
    country: str


def _rows(text: str, name: str, who: str, keyer: Keyer) -> Iterator[_Row]:
    columns = [who, "at", "address", "kind", "asn", "network", "country"]
    if not text:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if [cell.strip() for cell in next(reader, [])] != columns:
            raise InputError(name, 1, "", f"does not begin with {','.join(columns)}.", _REMEDY)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(columns):
                problem = f"has {len(cells)} cells, the header has {len(columns)}."
                raise InputError(name, reader.line_num, "", problem, _REMEDY)
            yield _row([cell.strip() for cell in cells], name, reader.line_num, who, keyer)
    except csv.Error as error:
        raise InputError(name, reader.line_num, "", f"is not valid CSV: {error}.", _REMEDY) from error


def _row(cells: list[str], name: str, line: int, who: str, keyer: Keyer) -> _Row:
    owner, at, address, kind, asn, network, country = cells
    for field, value in ((who, owner), ("address", address)):
        if not value or len(value) > _MAX_CELL or not value.isprintable():
            raise InputError(name, line, field, "is empty, too long or cannot be printed.", _REMEDY)
    if kind not in KINDS:
        raise InputError(
            name, line, "kind", f"is {kind[:40]!r}.", f"One of {', '.join(filter(None, KINDS))}, or empty."
        )
    if country and not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        raise InputError(name, line, "country", f"is {country[:40]!r}.", 'Two capital letters of ISO 3166, as "US".')
    if asn and not (asn.isascii() and asn.isdigit() and len(asn) <= 10 and int(asn) < _LARGEST_ASN):
        raise InputError(name, line, "asn", f"is {asn[:40]!r}.", "The network's number; empty when not known.")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        remedy = "Write it like 2026-10-05T14:00:00Z."
        raise InputError(name, line, "at", f"is no time with its zone: {at[:40]!r}.", remedy) from None
    # The digest of a made word is as good as an address's: only equality is ever looked at.
    return _Row(owner, moment, keyer.key("address", address), kind, int(asn or 0), network[:_MAX_CELL], country)
