"""A stored report of version 1 decodes for ever, and the published schema is the types'."""

import hashlib
import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from farmwatch_schema import codec
from farmwatch_schema.errors import CodecError
from farmwatch_schema.json_schema import report_schema
from farmwatch_schema.observables import KINDS, OBSERVABLES, UnknownObservable
from farmwatch_schema.observables.agent import SpoolReset
from farmwatch_schema.observables.usb import UsbDevice
from farmwatch_schema.report import Report, Section

ROOT = Path(__file__).parents[2]
STORED = ROOT / "tests/cases/reports/v1.json"

#: Of the stored file. It is never written anew: a change of the contract must read it, not replace it.
SHA256 = "67c212f2854ef84450587e275ede6bca3e3f311cd7124c09e6447e38948ea7f5"

#: Every kind and every observable of the first release. What comes later is not in the stored file.
KINDS_1 = frozenset(
    {
        "agent",
        "displays",
        "host",
        "network",
        "power",
        "processes",
        "services",
        "sessions",
        "sockets",
        "software",
        "usb",
    }
)
VERSION_1 = frozenset(
    {
        "agent_health",
        "display",
        "gap",
        "gateway",
        "host_facts",
        "inbound_connection",
        "listener",
        "name_server",
        "neighbours",
        "network_interface",
        "outbound_count",
        "package",
        "power_facts",
        "process",
        "route",
        "service",
        "session",
        "spool_reset",
        "stopped_probe",
        "usb_device",
        "wake_lock",
    }
)


@pytest.fixture
def report() -> Report:
    return codec.decode_report(STORED.read_bytes())


def section(report: Report, kind: str) -> Section:
    return next(it for it in report.sections if it.kind == kind)


def test_the_stored_report_is_the_one_that_was_stored() -> None:
    assert hashlib.sha256(STORED.read_bytes()).hexdigest() == SHA256


def test_the_stored_report_decodes(report: Report) -> None:
    assert (report.device, report.sequence, report.schema, report.origin) == ("d-0123456789abcdef", 7, 1, "live")
    assert {it.outcome for it in report.sections} == {"found", "none", "not_permitted", "not_supported", "broken"}
    assert section(report, "browsers").items is msgspec.UNSET
    assert section(report, "browsers").digest == "66" * 32


def test_it_holds_every_kind_and_every_observable_of_version_1(report: Report) -> None:
    assert {it.kind for it in report.sections} >= KINDS_1
    assert set(KINDS) >= KINDS_1, "a kind is for ever"
    seen: set[str] = set()
    for it in report.sections:
        if isinstance(it.items, msgspec.Raw):
            decoded = codec.decode_items(it.kind, it.items)
            seen |= {str(one.__struct_config__.tag) for one in decoded}
    assert seen >= VERSION_1
    assert set(OBSERVABLES) >= VERSION_1, "a name on the wire is for ever"


def test_its_digests_are_of_its_items(report: Report) -> None:
    for it in report.sections:
        if isinstance(it.items, msgspec.Raw):
            assert codec.digest_of(it.items) == it.digest


def test_its_values_arrive(report: Report) -> None:
    items = section(report, "usb").items
    assert isinstance(items, msgspec.Raw)
    kvm = codec.decode_items("usb", items)[0]
    assert isinstance(kvm, UsbDevice)
    assert kvm.ids == "1d6b:0104"
    assert kvm.serial is not None
    assert kvm.serial.constant == "CAFEBABE"
    assert kvm.interfaces[1].features is not None
    assert kvm.interfaces[1].features.x_logical == (0, 32767)
    assert kvm.scsi[0].product == "CD-ROM Drive"


def test_what_a_later_version_may_add_is_kept_as_it_came(report: Report) -> None:
    items = section(report, "agent").items
    assert isinstance(items, msgspec.Raw)
    *_, reset, unknown = codec.decode_items("agent", items)
    assert isinstance(reset, SpoolReset)
    assert isinstance(unknown, UnknownObservable)
    assert unknown.name == "a_fact_of_a_later_version"
    assert json.loads(unknown.raw)["inner"] == {"list": [1, 2.5, None, "x"]}


def test_it_survives_a_round_trip(report: Report) -> None:
    assert codec.decode_report(codec.encode(report)) == report


def test_the_published_schema_is_made_from_the_types() -> None:
    published = json.loads((ROOT / "docs/schema/report-v1.json").read_text())
    assert published == json.loads(msgspec.json.encode(report_schema())), (
        "run: python -m farmwatch_schema.json_schema > docs/schema/report-v1.json"
    )


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "docs/schema/report-v1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_stored_report_fits_the_published_schema(validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(json.loads(STORED.read_text()))


def test_the_published_schema_holds_types_to_their_form_in_kinds_that_it_knows(
    validator: jsonschema.Draft202012Validator,
) -> None:
    wrong = {"type": "radio", "name": "hci0"}
    for kind, fits in (("network", False), ("kind_of_a_later_version", True)):
        held = {"kind": kind, "outcome": "found", "observed_at": "2026-11-22T08:00:00Z", "items": [wrong]}
        document = {**json.loads(STORED.read_text()), "sections": [held]}
        assert validator.is_valid(document) is fits


@pytest.mark.parametrize(
    "change",
    [{"sequence": 0}, {"device": 7}, {"schema": 2}, {"sections": [{"kind": "usb"}]}, {"origin": "elsewhere"}],
)
def test_the_published_schema_refuses_what_the_codec_refuses(
    validator: jsonschema.Draft202012Validator, change: dict[str, object]
) -> None:
    document = {**json.loads(STORED.read_text()), **change}
    assert not validator.is_valid(document)
    with pytest.raises(CodecError):
        codec.decode_report(json.dumps(document).encode())


def test_the_published_schema_refuses_a_known_observable_with_a_wrong_field(
    validator: jsonschema.Draft202012Validator,
) -> None:
    document = json.loads(STORED.read_text())
    document["sections"][1]["items"][0]["vendor_id"] = 7
    assert not validator.is_valid(document)
