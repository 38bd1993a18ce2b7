"""The corpus measurement on a small folder made here: what is parsed, skipped, found, missed and false."""

import json
from pathlib import Path

import pytest
import yaml

from farmwatch_collector.bench.corpus import CorpusError, lines_of, main, report
from farmwatch_collector.lab import monitors

#: rasteri/HIDman issue 79, in outline.
PIKVM = """# PiKVM, default identity
ID 1d6b:0104  high speed  bMaxPacketSize0 64
iManufacturer 1 "PiKVM"
iProduct 2 "PiKVM Composite Device"
iSerial 3 "CAFEBABE"
interface 0: 3/1/1 iInterface 5 "HID Interface" bcdHID 1.01 EP 0x81 8
"""
#: sipeed/NanoKVM issue 544, in outline.
K120 = """# Logitech K120
ID 046d:c31c  low speed  bMaxPacketSize0 8
iManufacturer 1 "Logitech"
iProduct 2 "USB Keyboard"
iSerial 0
interface 0: 3/1/1 iInterface 2 "USB Keyboard"
"""
OFFICE = monitors.built("DEL", 0xA0E7, "DELL P2419H", "7XK2M03", 53, 30, 2019)
TELEVISION = monitors.built("SAM", 0x0F13, "SAMSUNG", "0001", 0, 0, 2019)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    usb, edid = tmp_path / "usb_dumps", tmp_path / "edid"
    for part in (usb / "kvm", usb / "benign", edid / "kvm"):
        part.mkdir(parents=True)
    (usb / "kvm" / "pikvm.txt").write_text(PIKVM)
    (usb / "benign" / "k120.txt").write_text(K120)
    (usb / "benign" / "again.txt").write_text(K120)
    (usb / "benign" / "empty.txt").write_text("nothing that tells a device\n")
    (usb / "benign" / "hid_descriptors.jsonl").write_text(
        json.dumps(
            {
                "machine_or_tablet": "A",
                "bus": "usb",
                "vid": "056a",
                "pid": "0001",
                "path": "x/1",
                "hex": "050d0902a101c0",
            }
        )
        + "\n"
    )
    files = [{"file": "kvm/pikvm.txt", "label": "kvm"}, {"file": "benign/k120.txt", "label": "benign"}]
    (usb / "index.yaml").write_text(yaml.safe_dump({"files": files}))
    (edid / "kvm" / "v4.hex").write_text(monitors.PIKVM_V4_PLUS.hex())
    rows = {
        "v4": {"kind": "firmware_default", "file": "edid/kvm/v4.hex"},
        "lost": {"kind": "firmware_default", "file": "edid/kvm/lost.hex"},
    }
    (edid / "index.yaml").write_text(yaml.safe_dump({"files": rows}))
    lines = ["# path, mark, bytes", f"Digital/DEL\t\t{OFFICE.hex()}", f"Digital/SAM\t\t{TELEVISION.hex()}", "broken"]
    (edid / "benign_sample.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_what_is_read_and_what_is_left_out_is_counted_with_its_reason(folder: Path) -> None:
    found = report(folder)
    assert found.parsed["ordinary USB devices"] == 2
    assert found.parsed["ordinary monitors"] == 2
    assert found.parsed["EDIDs of KVMs and relatives"] == 1
    reasons = " ".join(found.skipped)
    for words in ("the same device again", "holds no device descriptor", "No such file", "not enough values"):
        assert words in reasons


def test_kvms_are_found_and_what_is_ordinary_is_named_when_it_is_not_left_alone(folder: Path) -> None:
    found = report(folder)
    rows = {row.kind: row for row in found.kinds}
    assert rows["kvm"].levels == {3: 1}
    assert rows["firmware_default"].levels == {3: 1}
    assert not rows["kvm"].missed
    assert [(each.detector, each.level, each.file) for each in found.false] == [("phantom_display", 1, "Digital/SAM")]
    assert found.ok
    text = "\n".join(lines_of(found))
    assert "Digital/SAM" in text
    assert "3 and up" in text


def test_a_kvm_that_nobody_knows_is_missed_by_name_and_the_command_says_no(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "usb_dumps" / "kvm" / "pikvm.txt").write_text(K120)
    found = report(folder)
    assert not found.ok
    assert next(row for row in found.kinds if row.kind == "kvm").missed == ("kvm/pikvm.txt",)
    assert main([str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["kinds"][0]["missed"] == ["kvm/pikvm.txt"]


def test_a_folder_without_dumps_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CorpusError, match="usb_dumps"):
        report(tmp_path)
    assert main([str(tmp_path)]) == 2
    assert "docs/catalogues.md" in capsys.readouterr().err
