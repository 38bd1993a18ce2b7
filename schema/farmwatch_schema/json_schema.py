"""Makes docs/schema/report-v1.json from the types: `python -m farmwatch_schema.json_schema` writes it to stdout.

The published schema is for programs that read reports without our code. Like the collector, it takes observables
that it does not know, because agents and collectors are upgraded at different times.
"""

import sys
from inspect import cleandoc
from typing import Any

import msgspec

from .observables import KINDS, Kind
from .report import SCHEMA_VERSION, Report

ADDRESS = "https://farmwatch.example.com/schema/report-v1.json"
_REFERENCE = "#/$defs/{name}"
_DIGEST = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}


def report_schema() -> dict[str, Any]:
    """Returns the JSON Schema (2020-12) of a report with its sections' items."""
    observables = [observable for kind in KINDS.values() for observable in kind.observables] + list(Kind.SHARED)
    (report, *_), definitions = msgspec.json.schema_components([Report, *observables], ref_template=_REFERENCE)
    names = sorted(str(observable.__struct_config__.tag) for observable in observables)
    section: dict[str, Any] = definitions["Section"]["properties"]
    typed = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
    section["items"] = {"type": "array", "maxItems": 5000, "items": typed}
    # As for the collector: in a kind that is not listed here, a type's name says nothing.
    definitions["Section"]["if"] = {"properties": {"kind": {"enum": sorted(KINDS)}}}
    definitions["Section"]["then"] = {"properties": {"items": {"items": {"$ref": "#/$defs/Observable"}}}}
    section["digest"] = {**_DIGEST, "default": ""}
    for definition in definitions.values():
        # As Python 3.13 keeps docstrings, on every version.
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])
    definitions["Report"]["properties"]["sequence"]["minimum"] = 1
    definitions["Report"]["properties"]["schema"]["const"] = SCHEMA_VERSION
    definitions["Observable"] = {
        "description": "A typed fact; one of a type that is not listed here is kept as it came.",
        **typed,
        "if": {"properties": {"type": {"enum": names}}},
        "then": {"oneOf": [{"$ref": f"#/$defs/{observable.__name__}"} for observable in observables]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ADDRESS,
        "title": f"farmwatch report, version {SCHEMA_VERSION}",
        **report,
        "$defs": dict(sorted(definitions.items())),
    }


def main() -> None:
    """Writes the schema to stdout."""
    data = msgspec.json.format(msgspec.json.encode(report_schema()), indent=2)
    sys.stdout.write(data.decode() + "\n")


if __name__ == "__main__":
    main()
