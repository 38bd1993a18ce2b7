"""What an EDID's bytes fill in of a display, present or remembered, the same on every platform."""

from typing import Any

from msgspec.structs import replace

from farmwatch_schema.formats import FormatError, edid
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.displays import Display

#: What travels of an EDID, bytes with serials zeroed.
MAX_TOLD_BYTES = 512


def of_edid(bare: Display, data: bytes) -> Display:
    """Returns a display with what its EDID says; what the system itself said stays where the bytes are none."""
    fields = fields_of(data)
    if "edid" in fields:
        fields["size_cm"] = edid.parse(data[: edid.MAX_BYTES]).size_cm
    return replace(bare, **fields)


def fields_of(data: bytes) -> dict[str, Any]:
    """Returns the fields that Display and RememberedDisplay share; `fault` alone for bytes that are no EDID."""
    if not data:
        return {}
    try:
        facts = edid.parse(data[: edid.MAX_BYTES])
    except FormatError as error:
        return {"fault": str(error)}
    return {
        "edid_digest": facts.digest,
        "base_digest": facts.base_digest,
        "edid": edid.zeroed(data)[:MAX_TOLD_BYTES].hex(),
        "manufacturer": facts.manufacturer,
        "product": facts.product,
        "name": facts.name,
        "serial_number": unkeyed("edid_serial", f"0x{facts.serial_number:08x}") if facts.serial_number else None,
        "serial": unkeyed("edid_serial", facts.serial) if facts.serial else None,
        "week": facts.week,
        "year": facts.year,
        "fault": facts.fault,
    }
