"""Whatever bytes a file of reports holds, it is scored or refused with its place."""

import io
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.evaluate import Company
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.input_error import InputError
from farmwatch_collector.offline import Located, by_device, judge_reports, key_ids, read_reports
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.usb import UsbDevice

from .reports import KEYER, NOW, line, located, report

LOOKS: dict[str, list[Observable]] = {
    "usb": [UsbDevice(vendor_id="1d6b", product_id="0104", product="PiKVM", port_path="1-1")],
    "processes": [Process(name="x11vnc", path="/usr/bin/x11vnc", flags=("vnc_forever",))],
    "network": [Gateway(family="ipv4", interface="wlp1s0", mac=unkeyed("mac", "a0:40:a0:00:00:42"))],
}
LINE = line(report("d1", LOOKS))


def read(data: bytes) -> list[Located]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        return read_reports(["-"])


@given(st.lists(st.tuples(st.integers(0, len(LINE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_report_with_changed_bytes_is_scored_or_refused_with_its_place(changes: list[tuple[int, int]]) -> None:
    data = bytearray(LINE)
    for place, byte in changes:
        data[place] = byte
    said = "standard input"
    try:
        found = read(bytes(data))
        key_ids(found)
        judge_reports(found, Company(), Fleet(KEYER))
    except InputError as error:
        said = str(error)
    assert said.startswith("standard input")


def test_the_keys_that_identifiers_were_made_with_are_known() -> None:
    assert key_ids(located([report("d1", LOOKS)])) == {KEYER.key_id}


def test_reports_of_an_epoch_are_taken_in_the_order_of_their_numbers_whatever_the_clock_said() -> None:
    epoch = "c" * 32
    back = report("d1", {}, NOW - timedelta(days=400), epoch=epoch, sequence=2)
    found = located([back, report("d1", {}, NOW, epoch=epoch, sequence=1)])
    assert [each.report.sequence for each in by_device(found)["d1"]] == [1, 2]


def test_devices_behind_one_gateway_are_tied_and_what_left_goes_on_as_gone() -> None:
    later = report("d1", {"network": LOOKS["network"]}, NOW + timedelta(days=1))
    found = located([report("d1", LOOKS), report("d2", LOOKS), later])
    first, second = sorted(judge_reports(found, Company(), Fleet(KEYER)), key=lambda each: each.assessment.device)
    assert {each.group for each in first.assessment.findings} >= {"F", "R", "H"}
    gone = {each.detector for each in first.assessment.findings if each.seen_until}
    assert {"remote_access_tool", "ip_kvm_identity"} <= gone
    assert not any(each.seen_until for each in second.assessment.findings)
