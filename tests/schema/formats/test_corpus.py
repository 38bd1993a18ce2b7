"""Every real EDID and report descriptor of a corpus folder; without FARMWATCH_CORPUS there is nothing to run on."""

import json
import os
from collections.abc import Iterator

import pytest
import yaml

from farmwatch_schema.formats import edid, hid

CORPUS = os.environ.get("FARMWATCH_CORPUS", "")
pytestmark = pytest.mark.skipif(
    not os.path.isfile(os.path.join(CORPUS, "edid", "index.yaml")),
    reason="FARMWATCH_CORPUS names no folder with usb_dumps/ and edid/; public dumps are not part of the project",
)


def lines_of(*path: str) -> Iterator[str]:
    with open(os.path.join(CORPUS, *path), encoding="utf-8") as file:
        yield from (line.rstrip("\n") for line in file if not line.startswith("#"))


def shown(text: str | None) -> str:
    """Returns an index's text as the parser shows it: padding off, one monitor's inner NUL replaced."""
    return (text or "").strip("\0 ").replace("\0", "\N{REPLACEMENT CHARACTER}")


def test_every_indexed_edid_says_what_the_index_says() -> None:
    with open(os.path.join(CORPUS, "edid", "index.yaml"), encoding="utf-8") as file:
        index = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["files"]
    assert index
    for name, expected in index.items():
        data = bytes.fromhex("".join(lines_of(expected["file"])))
        facts = edid.parse(data)
        assert facts.digest == expected["sha256"], name
        assert facts.base_digest == expected["base_sha256"], name
        assert facts.manufacturer == expected["mfr"], name
        assert facts.product == expected["product"][2:].lower(), name
        assert facts.serial_number == int(expected["serial_num"], 16), name
        assert facts.name == shown(expected["name"]), name
        assert facts.serial == shown(expected["serial_str"]), name
        assert facts.year == expected["year"], name
        assert facts.week == (0 if expected["week"] == 255 else expected["week"]), name
        assert facts.size_cm == (tuple(expected["size_cm"]) if all(expected["size_cm"]) else (0, 0)), name
        assert facts.checksums[0] == expected["base_checksum_ok"], name
        width, height, refresh = (expected["preferred"] or [0, 0, 0])[:3]
        if facts.preferred is not None:
            assert (facts.preferred.width, facts.preferred.height) == (width, height), name
            assert facts.preferred.refresh == pytest.approx(refresh, abs=0.11), name


def test_every_real_monitor_is_read_and_loses_its_serial() -> None:
    count = 0
    for line in lines_of("edid", "benign_sample.tsv"):
        data = bytes.fromhex(line.split("\t")[2])
        facts, cleaned = edid.parse(data), edid.parse(edid.zeroed(data))
        assert (cleaned.serial_number, cleaned.serial) == (0, "")
        assert (cleaned.name, cleaned.checksums) == (facts.name, facts.checksums)
        count += 1
    assert count


def test_every_real_report_descriptor_has_the_features_another_walker_found() -> None:
    differing = 0
    rows = [json.loads(line) for line in lines_of("usb_dumps", "benign", "hid_descriptors.jsonl")]
    for row in rows:
        parsed = hid.parse(bytes.fromhex(row["hex"]))
        assert parsed.fault == "", row["path"]
        pairs = (application.split(":") for application in row["features"]["apps"])
        assert set(parsed.features.applications) == {f"{int(page, 16):x}:{int(usage, 16):x}" for page, usage in pairs}
        assert sorted(parsed.features.report_ids) == row["features"].get("report_ids", [])
        differing += parsed.features.absolute_xy != bool(row["features"].get("abs_xy"))
    # One declares X and Y as constant, which the other walker overlooked and HID 1.11 section 6.2.2.5 calls padding.
    assert rows
    assert differing <= 1
