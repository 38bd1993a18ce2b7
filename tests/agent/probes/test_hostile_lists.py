"""Property lists that users write: small files that would unfold to more than any memory holds, and odd ones."""

import datetime
import plistlib
import tracemalloc
from typing import Any, cast

import pytest

from farmwatch_agent.host import FileStatus, Host, Missing, SourceBroken
from farmwatch_agent.host.macos import launchd_plists, property_list
from farmwatch_agent.probes.services import macos as services
from farmwatch_agent.probes.software import macos as software

from ..mac_host import MacFake

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<plist version="1.0"><dict><key>Label</key><string>&c;</string></dict></plist>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<plist version="1.0"><dict><key>Label</key><string>&a;</string></dict></plist>"""


def unfolding(key: str = "") -> Any:
    """Returns a list of lists of the same lists: 40 objects, 50 to the power of 40 leaves."""
    found: Any = ["x"]
    for _ in range(40):
        found = {key: [found] * 50} if key else [found] * 50
    return found


class Mac(MacFake):
    def text(self, path: str, limit: int = 1 << 20) -> str:
        return self.read(path, limit).decode("utf-8", "replace").rstrip()

    def status(self, path: str) -> FileStatus:
        raise Missing(path)

    def euid(self) -> int:
        return 0


NASTY = [unfolding(), unfolding("Label"), unfolding("NSExtension"), float("nan"), float("inf"), -(2**63), 2**64 - 1,
         datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31), b"\xff" * 100, True, [], "\u202e" + "A" * 100_000,
         plistlib.UID(5)]  # fmt: skip
KEYS = ("Label", "Program", "ProgramArguments", "LimitLoadToSessionType", "Disabled", "RunAtLoad", "CFBundleName",
        "CFBundleIdentifier", "CFBundleShortVersionString", "NSExtension")  # fmt: skip


@pytest.mark.parametrize("data", [LAUGHS, OUTSIDE])
def test_entities_are_refused(data: bytes) -> None:
    with pytest.raises(SourceBroken):
        property_list.parse(data, "list")
    assert b"root:" not in launchd_plists.of_capture("/Library/LaunchDaemons/a.plist", data)


@pytest.mark.parametrize(
    "data",
    [
        b"bplist00" + b"\xff" * 32,
        b"bplist00" + bytes(6) + b"\x08\x08" + b"\x7f" + b"\xff" * 7 + bytes(8) + bytes(7) + b"\x08",
        b"<plist>" + b"<array>" * 100_000,
        b"<plist><integer>" + b"9" * 100_000 + b"</integer></plist>",
        b"<?xml version='1.0' encoding='utf-99'?><plist/>",
        b"",
    ],
)
def test_what_is_no_list_is_broken_and_costs_little(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(SourceBroken):
            property_list.parse(data, "list")
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("number", range(len(NASTY)))
@pytest.mark.parametrize("key", KEYS)
def test_odd_values_and_lists_that_unfold_cost_little_anywhere(key: str, number: int) -> None:
    content = {
        "Label": "a.b",
        "Program": "/bin/x",
        "CFBundleName": "X",
        "CFBundleIdentifier": "a.b",
        key: NASTY[number],
    }
    data = plistlib.dumps(content, fmt=plistlib.FMT_BINARY)
    job, info = "/Users/anna/Library/LaunchAgents/a.plist", "/Users/anna/Applications/X.app/Contents/Info.plist"
    host = cast("Host", Mac(
        files={job: data, info: data},
        folders={"/Users": ["anna"], "/Users/anna/Library/LaunchAgents": ["a.plist"],
                 "/Users/anna/Applications": ["X.app"], "/Applications": []},
    ))  # fmt: skip
    tracemalloc.start()
    try:
        found = [*services.collect(host), *software.collect(host)]
        kept = [launchd_plists.of_capture(path, data) for path in (job, info)]
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert found
    assert max(map(len, kept)) < 1 << 20
