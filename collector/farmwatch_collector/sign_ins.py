"""People's sign-ins to the company's services, from a CSV file or a webhook: checked row by row, addresses keyed.

Format: docs/networks.md. A file or a request is taken as a whole or not at all.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from farmwatch_detectors.placing import SignIn
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer

from .input_error import InputError, read_text
from .origins import origin_of, parsed
from .place.networks import Networks
from .store import Store
from .store.protocol_network import EGRESS_DAYS

MAX_BYTES = 64 << 20
MAX_CELL = 200
KEPT = timedelta(days=60)
AHEAD = timedelta(minutes=10)
COLUMNS = ("person", "at", "address", "country", "latitude", "longitude", "app")
NEEDED = ("person", "at")


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sign-in as it is told. `app` is taken, so that nobody must cut it off, and not kept."""

    person: str
    at: str
    address: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    app: str = ""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one row: its number (a file's line, a list's place from 1), field, problem and remedy."""

    row: int
    field: str
    problem: str
    remedy: str


class SignInError(FarmwatchError):
    """Sign-ins that were not taken; `faults` has one entry per bad row."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        rows = "\n  ".join(f"{name} row {each.row}, {each.field}: {each.problem} {each.remedy}" for each in faults)
        count = "1 row" if len(faults) == 1 else f"{len(faults)} rows"
        super().__init__(f"{name}: {count} could not be read, nothing was taken.\n  {rows}")


class Taken(msgspec.Struct, frozen=True):
    """What is fit to be stored, by person, and how many rows were older than what is kept."""

    found: dict[str, list[SignIn]]
    too_old: int

    @property
    def rows(self) -> int:
        """How many sign-ins there are."""
        return sum(len(each) for each in self.found.values())


class SignInReader:
    """Checks what is told, and keys and classes its addresses."""

    def __init__(self, networks: Networks, keyer: Keyer) -> None:
        self._networks = networks
        self._keyer = keyer

    def take(self, rows: Iterable[tuple[int, Told]], name: str, now: datetime) -> Taken:
        """Returns what can be stored; raises SignInError with every bad row, and takes nothing then."""
        found: dict[str, list[SignIn]] = {}
        faults: list[Fault] = []
        too_old = 0
        for number, told in rows:
            try:
                sign_in = self._sign_in(told, now)
            except InputError as error:
                faults.append(Fault(number, error.field, error.problem, error.remedy))
                continue
            if sign_in.at < now - KEPT:
                too_old += 1
            else:
                found.setdefault(told.person.strip(), []).append(sign_in)
        if faults:
            raise SignInError(name, faults)
        return Taken(found, too_old)

    def _sign_in(self, told: Told, now: datetime) -> SignIn:
        for field in COLUMNS:
            value = getattr(told, field)
            if isinstance(value, str) and (len(value) > MAX_CELL or not value.isprintable()):
                raise _wrong(field, "is too long or cannot be printed.", f"At most {MAX_CELL} printable characters.")
        if not told.person.strip():
            raise _wrong("person", "is empty.", "Name the person by the roster's id.")
        at = _moment(told.at)
        if at > now + AHEAD:
            raise _wrong("at", f"is later than now: {told.at}.", "Check its time zone.")
        country = told.country.strip().upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise _wrong("country", f"is not a country: {country!r}.", 'Two letters of ISO 3166, as "US".')
        if (told.latitude is None) != (told.longitude is None):
            raise _wrong("latitude", "comes without longitude, or the other way round.", "Give both or none.")
        # The comparison is False for "not a number", too.
        if not (-90 <= (told.latitude or 0) <= 90 and -180 <= (told.longitude or 0) <= 180):
            raise _wrong("latitude", "and longitude are no place on earth.", "Degrees, as 47.61 and -122.33.")
        text = told.address.strip()
        if not (text or country or told.latitude is not None):
            raise _wrong("address", "is empty, and no place is told.", "Give an address, a country or coordinates.")
        sign_in = SignIn(at=at, country=country, latitude=told.latitude, longitude=told.longitude)
        if not text:
            return sign_in
        address = parsed(text)
        if address is None:
            raise _wrong("address", "is no IPv4 or IPv6 address.", "As 192.0.2.7; leave it empty when not known.")
        origin = origin_of(address, self._networks, self._keyer)
        return msgspec.structs.replace(
            sign_in,
            address=origin.address,
            kind=origin.kind,
            asn=origin.asn,
            network=origin.network,
            country=country or origin.country,
        )


def read_csv(path: str) -> list[tuple[int, Told]]:
    """Returns a file's rows with their lines; raises InputError or SignInError."""
    text = read_text(path, MAX_BYTES)
    return parse_csv(text, path)


def parse_csv(text: str, name: str) -> list[tuple[int, Told]]:
    """Returns the rows of a CSV text with their lines, separated by comma, semicolon or tab."""
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        unknown = [each for each in columns if each not in COLUMNS]
        missing = [each for each in NEEDED if each not in columns]
        if unknown or missing or len(set(columns)) < len(columns):
            problem = f"has no header as expected ({', '.join([*unknown, *missing])[:MAX_CELL] or 'a column twice'})."
            raise InputError(name, 1, "", problem, f"Columns are {', '.join(COLUMNS)}.")
        rows, faults = [], []
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                problem = f"has {len(cells)} cells, the header has {len(columns)}."
                faults.append(Fault(line, "", problem, "Put cells that hold a comma in quotes."))
                continue
            values = {column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()}
            try:
                rows.append((line, msgspec.convert({"person": "", "at": "", **values}, Told, strict=False)))
            except msgspec.ValidationError as error:
                faults.append(
                    Fault(line, str(error).rpartition("$.")[2].rstrip("`") or "", "is no number.", "As -122.33.")
                )
    except csv.Error as error:
        raise InputError(name, reader.line_num, "", f"is not valid CSV: {error}.", "Check the quotes.") from error
    if faults:
        raise SignInError(name, faults)
    return rows


def numbered(rows: Iterable[Told]) -> Iterator[tuple[int, Told]]:
    """Yields a list's rows with their places, from 1."""
    return enumerate(rows, 1)


def with_sign_ins(view: DeviceView, store: Store) -> DeviceView:
    """Returns a view with the sign-ins of the device's person, of the last 30 days; needs its roster entry."""
    if view.roster is None or not view.roster.person:
        return view
    found = store.sign_ins(view.roster.person, view.now - timedelta(days=EGRESS_DAYS))
    return msgspec.structs.replace(view, sign_ins=tuple(found)) if found else view


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _wrong("at", f"is no time: {text[:40]!r}.", "ISO 8601 with its zone: 2026-11-02T09:00:00Z.") from None
    if at.tzinfo is None:
        raise _wrong("at", f"has no time zone: {text[:40]}.", "ISO 8601 with its zone: 2026-11-02T09:00:00Z.")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise _wrong("at", f"is no time: {text[:40]}.", "Check the year.") from None


def _wrong(field: str, problem: str, remedy: str) -> InputError:
    return InputError("", 0, field, problem, remedy)
