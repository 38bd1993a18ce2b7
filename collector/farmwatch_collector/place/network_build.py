"""From published CSV files to the packed network data: `farmwatch networks build`, and `make assets`.

Rows are `first,last,number,name` for networks and `first,last,country` for countries, addresses as text or as numbers:
the two forms that ip-location-db publishes (https://github.com/sapics/ip-location-db). Both families may be mixed.
"""

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address

from ..input_error import InputError, read_text
from .network_file import MAX_VALUES, NetworkTable, Ranges

SOURCES = (
    "Networks: RouteViews (routeviews.org), DB-IP (db-ip.com), NRO (nro.net); CC BY 4.0, joined by ip-location-db",
    "Countries: statistics of the regional registries, NRO (nro.net); CC BY 4.0, joined by ip-location-db",
)
"""Of ip-location-db's files; their licences ask for the names, and DB-IP for a link on pages that show results."""

CSV_BYTES = 256 << 20
_V4 = 1 << 32
_NAME = 80
_REMEDY = "Give the files of ip-location-db: first,last,number,name for --asn; first,last,country for --country."

Row = tuple[int, int, int]


class _Families:
    """Rows of both families, as they come."""

    def __init__(self) -> None:
        self.four: list[Row] = []
        self.six: list[Row] = []

    def add(self, first: int, last: int, six: bool, value: int) -> None:
        if six:
            # A part of a /64 stands for all of it: nobody announces less, and addresses are kept as /64.
            self.six.append((first >> 64, (last >> 64) + 1, value))
        else:
            self.four.append((first, last + 1, value))


def build(
    asn_files: Sequence[str], country_files: Sequence[str], made_on: str, sources: tuple[str, ...]
) -> NetworkTable:
    """Returns the table of some CSV files; raises InputError with file and line at the first bad row."""
    networks, names = _Families(), dict[int, str]()
    for path in asn_files:
        for line, first, last, six, rest in _rows(path, 4):
            number = rest[0].strip().upper().removeprefix("AS")
            if not number.isascii() or not number.isdigit() or int(number) >= _V4:
                raise InputError(path, line, "number", f"{rest[0][:40]!r} is not the number of a network.", _REMEDY)
            networks.add(first, last, six, int(number))
            names.setdefault(int(number), _name(rest[1]))
    places, countries = _Families(), dict[str, int]()
    for path in country_files:
        for line, first, last, six, rest in _rows(path, 3):
            country = rest[0].strip().upper()
            if len(country) != 2 or not country.isascii() or not country.isalpha():
                raise InputError(path, line, "country", f"{rest[0][:40]!r} is not a country's two letters.", _REMEDY)
            places.add(first, last, six, countries.setdefault(country, len(countries) + 1))
    names.pop(0, None)
    numbers = sorted(names)
    return NetworkTable(
        made_on=made_on,
        sources=sources,
        asn4=_ranges(networks.four, "I", "I"),
        asn6=_ranges(networks.six, "Q", "I"),
        country4=_ranges(places.four, "I", "H"),
        country6=_ranges(places.six, "Q", "H"),
        countries=tuple(countries),
        numbers=array("I", numbers),
        names=tuple(names[number] for number in numbers),
    )


def _rows(path: str, columns: int) -> Iterator[tuple[int, int, int, bool, list[str]]]:
    reader = csv.reader(io.StringIO(read_text(path, CSV_BYTES)))
    try:
        for row in reader:
            line = reader.line_num
            if not row:
                continue
            if len(row) != columns:
                raise InputError(path, line, "", f"has {len(row)} columns, not {columns}.", _REMEDY)
            if line > MAX_VALUES:
                raise InputError(path, line, "", f"is one of more than {MAX_VALUES} rows.", _REMEDY)
            try:
                first, first_six = _number(row[0])
                last, last_six = _number(row[1])
            except ValueError:
                raise InputError(
                    path, line, "", f"{row[0][:60]!r} to {row[1][:60]!r} are no addresses.", _REMEDY
                ) from None
            if first > last or first_six != last_six:
                raise InputError(path, line, "", f"{row[0][:60]} to {row[1][:60]} is no range.", _REMEDY)
            yield line, first, last, first_six, row[2:]
    except csv.Error as error:
        raise InputError(path, reader.line_num, "", f"is not CSV: {error}.", _REMEDY) from error


def _number(text: str) -> tuple[int, bool]:
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 39:
        value = int(text)
        if value >= 1 << 128:
            raise ValueError(text)
        return value, value >= _V4
    address = ip_address(text)
    return int(address), address.version == 6


def _name(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text).strip()[:_NAME]


def _ranges(rows: Iterable[Row], start_code: str, value_code: str) -> Ranges:
    """Returns sorted ranges without overlaps: where two rows overlap, the one that begins first holds."""
    starts, values = array(start_code), array(value_code)

    def put(start: int, value: int) -> None:
        if value != (values[-1] if values else 0):
            starts.append(start)
            values.append(value)

    end = 0
    for first, stop, value in sorted(rows):
        first = max(first, end)
        if first >= stop:
            continue
        if first > end:
            put(end, 0)
        put(first, value)
        end = stop
    if end < 1 << (8 * starts.itemsize):
        put(end, 0)
    return Ranges(starts, values)
