"""A laptop by the serial on its lid, before and after it has enrolled.

The roster names the serial in plain text, the laptop reports it keyed. The file's serial is keyed at once, in the same
way, and stands in the roster as `serial:<digest>` in place of a device id: plain serials are never stored.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import SectionView
from farmwatch_schema.identifiers import Identifier, Keyer
from farmwatch_schema.observables.host import HostFacts

PREFIX = "serial:"

#: What firmware says that was never given a serial, in lower case: such a value is shared by unrelated laptops.
BLANK = frozenset(
    {
        "", "0", "none", "n/a", "na", "unknown", "default string", "system serial number", "serial number",
        "not specified",
        "not applicable", "to be filled by o.e.m.", "to be filled by oem", "invalid", "empty", "chassis serial number",
        "oem", "0123456789", "123456789", "1234567890", "00000000", "000000000000", "tbd", "test",
    }
)  # fmt: skip

Held = TypeVar("Held")


def written(serial: str) -> str:
    """Returns a serial as makers print it: capitals, where somebody typed letters and digits in small ones."""
    text = serial.strip()
    return text.upper() if text.isascii() and text.isalnum() else text


def key_of(keyer: Keyer, serial: str) -> str:
    """Returns the roster's key of a laptop by its serial."""
    return f"{PREFIX}{keyer.key('serial', written(serial)).digest}"


def reported(sections: Mapping[str, SectionView]) -> str:
    """Returns the roster's key of the serial that a laptop reports; "" when it reports none that tells it apart."""
    section = sections.get("host")
    if section is None or not section.looked:
        return ""
    return next((key for facts in section.of(HostFacts) if (key := key_of_reported(facts.serial))), "")


def key_of_reported(serial: Identifier | None) -> str:
    """Returns the roster's key of a reported serial; "" for one that firmware leaves on many laptops."""
    return "" if serial is None or serial.constant or not serial.digest else f"{PREFIX}{serial.digest}"


def entry_of(roster: Mapping[str, RosterEntry], device: str, sections: Mapping[str, SectionView]) -> RosterEntry | None:
    """Returns what the roster says of a device: by its id, else by the serial that it reports."""
    entry = roster.get(device)
    if entry is not None or not roster:
        return entry
    serial = reported(sections)
    return roster.get(serial) if serial else None


def by_device(rows: Mapping[str, Held], serials: Iterable[tuple[str, str]]) -> dict[str, Held]:
    """Returns rows under the ids of the devices that bear their serials; what no device bears stays as it is.

    serials  (device, roster's key of its serial) of every device that reported one
    A row under the device's own id wins. Two devices of one serial, a laptop that was set up anew or a copy, both
    have its row.
    """
    found = {key: row for key, row in rows.items() if not key.startswith(PREFIX)}
    borne: set[str] = set()
    for device, key in serials:
        row = rows.get(key)
        if row is not None:
            borne.add(key)
            found.setdefault(device, row)
    found.update((key, row) for key, row in rows.items() if key.startswith(PREFIX) and key not in borne)
    return found
