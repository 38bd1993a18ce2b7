"""Measures the structures of host/windows with mingw-w64: `python -m tests.soak.windows_layouts` renews the figures.

Needs Debian's gcc-mingw-w64-x86-64. Sizes and offsets come from the debug information of a file that declares one
variable of each type; nothing is run.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.agent.host.test_windows_layouts import LAYOUTS, NAMED, UNMEASURED, structures

COMPILER, DUMPER = "x86_64-w64-mingw32-gcc", "x86_64-w64-mingw32-objdump"
#: winsock2.h before windows.h, initguid.h before devpkey.h: mingw-w64's own order; the rest as the modules name them.
FIRST = ("winsock2.h", "ws2tcpip.h", "windows.h", "winternl.h", "setupapi.h", "cfgmgr32.h", "iphlpapi.h", "wtsapi32.h")
#: Headers that C programs get through another one.
THROUGH = {"mstcpip.h": "iphlpapi.h", "hidpi.h": "hidsdi.h"}


def measure() -> dict[str, dict[str, object]]:
    """Returns size and offsets of each structure by its C name."""
    wanted = {name: NAMED.match(kind.__doc__ or "")[2] for name, kind in structures().items() if name not in UNMEASURED}  # type: ignore[index]
    headers = dict.fromkeys([*FIRST, *(THROUGH.get(header, header) for header in wanted.values())])
    lines = ["#define WIN32_LEAN_AND_MEAN", "#define _WIN32_WINNT 0x0A00", "#define NTDDI_VERSION 0x0A000010",
             "#define UNICODE", *(f"#if __has_include(<{it}>)\n#include <{it}>\n#endif" for it in headers)]  # fmt: skip
    lines += [f"{name} v_{name};" for name in wanted]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "layouts.c"
        source.write_text("\n".join(lines) + "\n", encoding="ascii")
        subprocess.run([COMPILER, "-g", "-w", "-c", "-o", f"{folder}/layouts.o", source], check=True)
        dump = subprocess.run(
            [DUMPER, "--dwarf=info", f"{folder}/layouts.o"], check=True, capture_output=True, text=True
        ).stdout
    entries = _entries(dump)
    return {name: _measured(entries, f"v_{name}") for name in sorted(wanted)}


def written(measured: dict[str, dict[str, object]]) -> str:
    """Returns the file's text: a line for each structure."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(it)}" for name, it in measured.items()) + "\n}\n"


Entry = dict[str, object]


def _entries(dump: str) -> dict[int, Entry]:
    """Returns the entries of the debug information by number, each with its tag, attributes and children."""
    entries: dict[int, Entry] = {}
    above: list[int] = []
    current: Entry = {}
    for line in dump.splitlines():
        head = re.match(r" *<([0-9a-f]+)><([0-9a-f]+)>: Abbrev Number: \d+ \((\w+)\)", line)
        if head:
            depth, number = int(head[1], 16), int(head[2], 16)
            current = {"tag": head[3], "children": []}
            entries[number] = current
            del above[depth:]
            if above:
                entries[above[-1]]["children"].append(number)  # type: ignore[attr-defined]
            above.append(number)
            continue
        value = re.match(r" *<[0-9a-f]+> +DW_AT_(\w+) *: (?:\(.*?\): )?(.*)", line)
        if value:
            current[value[1]] = value[2].strip()
    return entries


def _measured(entries: dict[int, Entry], variable: str) -> dict[str, object]:
    start = next(it for it in entries.values() if it["tag"] == "DW_TAG_variable" and it.get("name") == variable)
    structure = _resolved(entries, start)
    return {"size": int(str(structure["byte_size"]), 0), "offsets": sorted(_offsets(entries, structure, 0))}


def _resolved(entries: dict[int, Entry], entry: Entry) -> Entry:
    while "byte_size" not in entry or entry["tag"] in ("DW_TAG_typedef", "DW_TAG_variable", "DW_TAG_member"):
        if "type" not in entry:
            return entry
        entry = entries[int(str(entry["type"]).strip("<>"), 16)]
    return entry


def _offsets(entries: dict[int, Entry], structure: Entry, base: int) -> set[int]:
    found: set[int] = set()
    for number in structure["children"]:  # type: ignore[attr-defined]
        member = entries[number]
        if member["tag"] != "DW_TAG_member":
            continue
        # Parts of a byte or word are told in bits.
        bits = int(str(member.get("data_bit_offset", "0")).split()[0], 0)
        at = base + int(str(member.get("data_member_location", bits // 8)).split()[0], 0)
        found.add(at)
        inner = _resolved(entries, member)
        if inner["tag"] in ("DW_TAG_structure_type", "DW_TAG_union_type"):
            found |= _offsets(entries, inner, at)
    return found


if __name__ == "__main__":
    LAYOUTS.write_text(written(measure()), encoding="utf-8")
    sys.stdout.write(f"{LAYOUTS} is renewed\n")
