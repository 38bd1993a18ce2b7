"""Every ctypes structure of host/windows has the sizes and offsets that a C compiler gives it.

The expected figures stand in tests/cases/windows_layouts.json. They are mingw-w64's, made from its headers by
`python -m tests.soak.windows_layouts`; a soak test makes them anew and compares.
"""

import ctypes
import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

from farmwatch_agent.host import windows

LAYOUTS = Path(__file__).parents[2] / "cases" / "windows_layouts.json"
#: The first line of a structure's docstring: its name in C, and the header that has it.
NAMED = re.compile(r"(\w+) \((\w+\.h)\)")
#: What C has no fixed size for, or no public header: name, and why it is not measured.
UNMEASURED: dict[str, str] = {}


Layout = type[ctypes.Structure] | type[ctypes.Union]


def structures() -> dict[str, Layout]:
    """Returns every structure of host/windows by its C name."""
    found: dict[str, Layout] = {}
    for module in pkgutil.iter_modules(windows.__path__):
        for value in vars(importlib.import_module(f"{windows.__name__}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, ctypes.Structure | ctypes.Union):
                if value.__module__ != f"{windows.__name__}.{module.name}":
                    continue
                named = NAMED.match(value.__doc__ or "")
                assert named, f"{value.__module__}.{value.__name__}: the docstring begins with NAME (header.h)"
                found[named[1]] = value
    return found


def offsets(structure: Layout, base: int = 0) -> set[int]:
    """Returns where each field begins, those of structures inside it too."""
    found: set[int] = set()
    for name, kind, *_ in structure._fields_:
        at = base + getattr(structure, name).offset
        found.add(at)
        if isinstance(kind, type) and issubclass(kind, ctypes.Structure | ctypes.Union):
            found |= offsets(kind, at)
    return found


@pytest.mark.parametrize("name", sorted(set(structures()) - set(UNMEASURED)))
def test_a_structure_is_laid_out_as_in_c(name: str) -> None:
    measured = json.loads(LAYOUTS.read_text(encoding="utf-8"))
    assert name in measured, f"{name}: measure it with python -m tests.soak.windows_layouts"
    structure = structures()[name]
    assert ctypes.sizeof(structure) == measured[name]["size"]
    assert offsets(structure) <= set(measured[name]["offsets"]), "a field begins where C has none"
