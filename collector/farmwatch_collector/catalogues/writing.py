"""Catalogue entries as YAML, in the form in which the catalogues are written by hand."""

from typing import Any

import msgspec
import yaml

from farmwatch_detectors.products import Product

WIDTH = 118

#: Fields in the order in which they stand; others follow as they come.
ORDER = ("id", "name", "category", "tags", "alarm", "role", "source", "date", "confidence")


def entry_text(entry: Product) -> str:
    """Returns one entry of a catalogue of programs; fields that are empty or usual are left out."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(type(entry)):
        value = getattr(entry, field.name)
        if field.required or value != field.default:
            fields[field.name] = _plain(value)
    names = [name for name in ORDER if name in fields] + [name for name in fields if name not in ORDER]
    lines: list[str] = []
    for name in names:
        value = {k: v for k, v in fields[name].items() if v} if isinstance(fields[name], dict) else fields[name]
        if value not in ({}, []):
            lines += _field(name, value, "  ")
    return "- " + "\n".join(lines).removeprefix("  ") + "\n"


def _plain(value: Any) -> Any:
    """Lists and mappings as YAML knows them; a date stays one, as YAML has dates."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(each) for name, each in msgspec.structs.asdict(value).items()}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _field(name: str, value: Any, indent: str) -> list[str]:
    line = f"{indent}{name}: {_flow(value)}"
    if len(line) <= WIDTH or not isinstance(value, dict | list):
        return [line]
    if isinstance(value, dict):
        return [f"{indent}{name}:", *(row for key, item in value.items() for row in _field(key, item, indent + "  "))]
    return [f"{indent}{name}:", *(f"{indent}- {_flow(item)}" for item in value)]


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10**9, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
