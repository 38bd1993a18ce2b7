"""What a capture of a Mac must not hold, searched for as bytes; and that a replay of it still says the same."""

import plistlib
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from farmwatch_agent import probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import capture
from farmwatch_agent.host.capture import Answer, Capture
from farmwatch_agent.host.macos import identifying
from farmwatch_agent.host.macos.tcc import TccAccess
from farmwatch_agent.host.pseudonyms import pseudonymised
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_schema.formats import FormatError, edid
from farmwatch_schema.identifiers import PUBLISHED_CONSTANTS, Keyer

from ...cases import recorded

KEY = b"for tests only"
MACS = [folder for folder in recorded.host_folders("macos") if (folder / "hardware.yaml").is_file()]
each = pytest.mark.parametrize("folder", MACS, ids=[folder.name for folder in MACS])
SERIAL_KEYS = {"serial-number", "Serial", "UsbDeviceSignature", "EDID UUID", "spcamera_unique-id"} | identifying.SERIALS
OURS = ("host", "usb", "displays", "power", "bluetooth", "software", "media")


def walk(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from walk(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, key)
    else:
        yield key, value


def told(question: str, answer: Answer) -> list[tuple[str, Any]]:
    """Returns each value that a command of the registry or a profile printed, with its key."""
    if answer.error or not answer.content().strip() or not identifying.is_kept_in_part(question):
        return []
    data = answer.content()
    return list(walk(msgspec.json.decode(data) if question.startswith("profile_") else plistlib.loads(data)))


def serials(made: Capture) -> set[bytes]:
    """Returns every serial in a raw capture: texts, runs of letters in bytes, EDIDs' strings and numbers."""
    found: set[bytes] = set()
    for question, answer in made.command.items():
        for key, value in told(question, answer):
            if key in SERIAL_KEYS and isinstance(value, str):
                found.add(value.encode())
            elif key in SERIAL_KEYS and isinstance(value, bytes):
                found.update(re.findall(rb"[A-Z0-9]{6,}", value))
            elif key in identifying.SERIAL_NUMBERS and value:
                found.update((value.to_bytes(4, "little"), str(value).encode()))
            elif key in identifying.SERIAL_HEX:
                found.add(value.encode())
            elif key in identifying.EDIDS:
                try:
                    found.add(edid.parse(value).serial.encode())
                except FormatError:
                    continue
    return {word for word in found if len(word) > 3 and word.decode("latin-1") not in PUBLISHED_CONSTANTS}


def everything(made: Capture) -> bytes:
    """Returns a capture's bytes, and beside them those that its property lists hold in base64."""
    packed = msgspec.json.encode(made)
    inside = [value for question, answer in made.command.items() for _, value in told(question, answer)]
    return b"\n".join([packed, *(value for value in inside if isinstance(value, bytes))])


def safely(raw: Capture) -> Capture:
    """Returns a capture as recording makes it: grants are rows until then, because their type knows what they tell."""
    grants = {
        question: [msgspec.json.decode(row, type=TccAccess) for row in answer.rows]
        for question, answer in raw.rows.items()
        if question.startswith(TccAccess.table) and answer.rows is not None
    }
    others = {question: answer for question, answer in raw.rows.items() if answer.rows is None}
    return pseudonymised(msgspec.structs.replace(raw, rows=others), KEY, rows=grants)


@each
def test_no_serial_and_no_name_survives(folder: Path) -> None:
    raw = recorded.load(folder)
    safe = everything(safely(raw))
    public = {f"{int(word, 16)}".encode() for word in PUBLISHED_CONSTANTS if word.startswith("0x")}
    numbers = {int(word, 16).to_bytes(4, "little") for word in PUBLISHED_CONSTANTS if word.startswith("0x")}
    hexes = {word[2:].lstrip("0").encode() for word in PUBLISHED_CONSTANTS if word.startswith("0x")}
    for word in {word for word in serials(raw) if word.strip(b"0-")} - public - numbers - hexes:
        assert word not in safe, word
    for name in (b"Anna", b"anna.muster", b"ben.beispiel", b"FirstName"):
        assert name not in safe


@each
def test_a_replay_of_it_says_the_same_but_for_identifiers(folder: Path) -> None:
    raw = recorded.load(folder)
    kinds = [kind for kind in recorded.about(folder)["kinds"] if kind in OURS]
    before, after = (said(ReplayingHost(one), kinds) for one in (raw, safely(raw)))
    assert before == after


def said(host: ReplayingHost, kinds: list[str]) -> list[Any]:
    names = [name for name in probes.NAMES if name in kinds]
    sections = runner.run(host, Keyer(b"a key for tests only", "test"), Health(), names, log=pytest.fail)
    return [(one.kind, one.outcome, one.reason, shape(one.items)) for one in sections]


def shape(items: Any) -> Any:
    """Returns items without what identifies: keyed values, and the digests of bytes that held a serial."""
    if items is msgspec.UNSET:
        return None

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            if "digest" in value and "key_id" in value:
                return "keyed"
            return {key: without(item) for key, item in value.items() if key not in ("edid_digest", "base_digest")}
        return [without(item) for item in value] if isinstance(value, list) else value

    return sorted(map(repr, without(msgspec.json.decode(items))))


def test_equal_things_stay_equal_in_text_number_and_bytes() -> None:
    data = bytearray(128)
    data[:8], data[8:18] = edid.HEADER, bytes.fromhex("10acf8d04c513630241f")
    data[127] = -sum(data) & 255
    product = {"SerialNumber": 0x3036514C}
    listed = '{"SPDisplaysDataType": [{"_spdisplays_display-serial-number": "3036514c"}]}'
    made = Capture(
        format="farmwatch-capture", version=1, agent="0", platform="macos", pseudonymised=False, now=0, uptime=0,
        euid=0, command={
            "registry_framebuffers": Answer(text=plistlib.dumps([product]).decode()),
            "registry_display_ports": Answer(text=plistlib.dumps([{"EDID": bytes(data)}]).decode()),
            "profile_displays": Answer(text=listed),
        },
    )  # fmt: skip
    safe = pseudonymised(made, KEY)
    number = plistlib.loads(safe.command["registry_framebuffers"].content())[0]["SerialNumber"]
    inside = edid.parse(plistlib.loads(safe.command["registry_display_ports"].content())[0]["EDID"]).serial_number
    shown = msgspec.json.decode(safe.command["profile_displays"].content())["SPDisplaysDataType"][0]
    assert number == inside == int(shown["_spdisplays_display-serial-number"], 16) != 0x3036514C


def rewritten(command: str, data: bytes) -> bytes:
    return identifying.rewritten(command, data, str, lambda text: "x" * len(text), lambda part: bytes(len(part)))


def test_what_no_probe_reads_is_left_out() -> None:
    data = plistlib.dumps(
        [{"idVendor": 1, "IOMACAddress": b"\1\2\3\4\5\6", "Volume Name": "ANNA", "BSD Name": "disk4"}]
    )
    assert plistlib.loads(rewritten("registry_usb", data)) == [{"idVendor": 1}]


def test_input_devices_stay_as_they_are_but_for_whose_they_are() -> None:
    device = {
        "IOObjectClass": "IOHIDUserDevice", "Transport": "Bluetooth", "VendorID": 76, "ProductID": 615,
        "Built-In": False, "PrimaryUsagePage": 1, "PrimaryUsage": 6,
        "DeviceUsagePairs": [{"DeviceUsagePage": 1, "DeviceUsage": 6}],
    }  # fmt: skip
    entry = {
        **device,
        "Product": "Anna\u2019s Keyboard",
        "SerialNumber": "d4-dc-cd-83-d2-51",
        "PhysicalDeviceUniqueID": "x",
    }
    (safe,) = plistlib.loads(rewritten("registry_hid", plistlib.dumps([entry])))
    assert safe == {**device, "Product": "Keyboard", "SerialNumber": "x" * 17}


def test_what_makes_no_sense_is_left_out_and_says_so_and_nothing_stays_nothing() -> None:
    for command in ("registry_usb", "profile_displays"):
        assert rewritten(command, b"C02ABC serial") == identifying.LEFT_OUT
        assert rewritten(command, b"") == b""


def test_a_number_or_hexadecimal_that_is_none_is_still_exchanged() -> None:
    data = msgspec.json.encode({"SPDisplaysDataType": [{"_spdisplays_display-serial-number": "A1-B2"}]})
    assert b"xxxxx" in rewritten("profile_displays", data)
    assert plistlib.loads(rewritten("registry_x", plistlib.dumps([{"SerialNumber": 1 << 40}]))) == [
        {"SerialNumber": 1 << 40}
    ]


def test_other_commands_keep_their_words() -> None:
    assert not identifying.is_kept_in_part("assertions")
    assert capture.asked("assertions", "") == "assertions"
