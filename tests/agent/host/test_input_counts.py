"""Files of counts: the reader's own over a restart, and those that anybody at a session may have written."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import SourceBroken
from farmwatch_agent.host.input_counts import (
    BUCKETS,
    DAY_SECONDS,
    MAX_BYTES,
    MAX_DAYS,
    MAX_SOURCES,
    InputDayCounts,
    InputSource,
    SourceCount,
    checked,
    from_sessions,
    load,
    merged,
    parse,
    plain_name,
    save,
    sessions_folder,
)
from farmwatch_agent.probes.input_days import day_of, timings_of

from ..linux_tree import Tree

KVM = InputSource(bus="usb", function="pointer", absolute=True, vendor_id="1d6b", product_id="0104")
DAY = InputDayCounts(
    day="2026-11-22",
    method="raw_input",
    watched=28_800,
    active=7_200,
    slots="0" * 8 + "f" * 8 + "0" * 8,
    sources=(SourceCount(source=KVM, seconds=7000, gaps=(0,) * 4 + (60,) + (0,) * 7, period_seconds=20),),
)


def document(**changes: Any) -> bytes:
    day = msgspec.to_builtins(msgspec.structs.replace(DAY))
    return json.dumps({"version": 1, "days": [{**day, **changes}]}).encode()


def test_what_is_kept_comes_back_whole_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "input.json")
    save([DAY], path)
    assert load(path) == [DAY]
    if os.name == "posix":
        assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_or_read_costs_nothing_else(tmp_path: Path) -> None:
    save([DAY], str(tmp_path / "no" / "folder.json"))
    assert load(str(tmp_path / "nothing.json")) == []
    (tmp_path / "input.json").write_bytes(b"\0\xff not json")
    assert load(str(tmp_path / "input.json")) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"day": "2026-13-22"},
        {"day": "../../etc/passwd"},
        {"day": "2026-11-22\n"},
        {"method": "telepathy"},
        {"active": -1},
        {"active": 10**18},
        {"watched": DAY_SECONDS + 1},
        {"slots": "f" * 23},
        {"slots": "F" * 24},
        {"slots": "anna typed her password"},
        {"sources": [{"source": {"bus": "Anna's laptop"}}]},
        {"sources": [{"source": {"bus": "usb", "function": "secret"}}]},
        {"sources": [{"source": {"bus": "usb", "vendor_id": "12345"}}]},
        {"sources": [{"source": {"bus": "usb"}, "seconds": -5}]},
        {"sources": [{"source": {"bus": "usb"}, "gaps": [1] * (BUCKETS + 1)}]},
        {"sources": [{"source": {"bus": "usb"}, "gaps": [-1] * BUCKETS}]},
        {"sources": [{"source": {"bus": "usb"}, "period_seconds": 0}]},
    ],
)
def test_a_day_that_no_honest_count_can_be_is_left_out(changes: dict[str, Any]) -> None:
    assert parse(document(**changes), "1.json") == []
    assert parse(document(), "1.json") == [DAY]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 2, "days": []}',
        b'{"version": 1, "days": 5}',
        b'{"version": 1, "days": [{"day": 5}]}',
        b'{"version": 1, "days": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"version": 1, "days": [], "x": "' + b"y" * MAX_BYTES + b'"}',
    ],
)
def test_a_file_of_another_kind_is_refused(data: bytes) -> None:
    with pytest.raises(SourceBroken):
        parse(data, "1.json")


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    try:
        parse(data, "1.json")
    except SourceBroken:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(["day", "method", "watched", "active", "slots", "sources"]), JSON)
def test_whatever_stands_in_a_field_the_section_stays_in_its_bounds(field: str, value: Any) -> None:
    try:
        rows = parse(document(**{field: value}), "1.json")
    except SourceBroken:
        return
    for row in rows:
        told = msgspec.json.encode([day_of(row), *timings_of(row)])
        assert len(told) < 16_384


def test_as_much_as_fits_into_files_makes_a_section_of_bounded_size() -> None:
    many = [
        InputDayCounts(
            day=f"2026-11-{day:02}",
            method="raw_input",
            sources=tuple(
                SourceCount(source=InputSource(bus="usb", vendor_id=f"{number:04x}"), seconds=DAY_SECONDS)
                for number in range(100)
            ),
        )
        for day in range(1, 29)
    ]
    rows = merged(row for row in map(checked, many) if row is not None)
    assert [row.day for row in rows] == [f"2026-11-{day:02}" for day in range(25, 29)]
    assert len(rows) == MAX_DAYS
    assert all(len(row.sources) == MAX_SOURCES for row in rows)


def test_two_sessions_make_one_day_that_has_no_more_than_its_seconds() -> None:
    other = msgspec.structs.replace(
        DAY,
        watched=3600,
        active=80_000,
        slots="8" + "0" * 23,
        sources=(SourceCount(source=KVM, seconds=80_000), SourceCount(source=InputSource(bus="injected"), seconds=9)),
    )
    (row,) = merged([DAY, other])
    assert (row.watched, row.active) == (28_800, DAY_SECONDS)
    assert row.slots == "8" + "0" * 7 + "f" * 8 + "0" * 8
    counts = {count.source: count for count in row.sources}
    assert counts[KVM].seconds == DAY_SECONDS
    assert (counts[KVM].gaps, counts[KVM].period_seconds) == (DAY.sources[0].gaps, 20)
    assert counts[InputSource(bus="injected")].seconds == 9


def test_files_of_sessions_are_read_through_the_hosts_own_care_for_links(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    folder = "/Library/Application Support/farmwatch-agent/sessions"
    assert sessions_folder("darwin") == folder
    assert from_sessions(tree.host(), folder) == []
    tree.file(f"{folder}/501.json", document())
    tree.file(f"{folder}/502.json", b"{}")
    tree.file(f"{folder}/notes.txt", b"nothing of ours")
    assert from_sessions(tree.host(), folder) == [DAY]


def test_when_all_files_are_spoilt_that_is_told_and_no_silence(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/sessions/1.json", b"{}")
    with pytest.raises(SourceBroken):
        from_sessions(tree.host(), "/sessions")


def test_many_files_are_not_read_without_end(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for number in range(60):
        tree.file(f"/sessions/{number:02}.json", document(active=100))
    (row,) = from_sessions(tree.host(), "/sessions")
    assert row.active == 16 * 100


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Anna's Magic Mouse", "Magic Mouse"),
        ("Jürgen\N{RIGHT SINGLE QUOTATION MARK}s Tastatur", "Tastatur"),
        ("Logitech USB Receiver", "Logitech USB Receiver"),
        ("x" * 500, "x" * 80),
        ("  ", ""),
    ],
)
def test_a_devices_name_goes_without_its_owners(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_a_name_without_end_costs_no_time() -> None:
    """A search for an owner that began anew at each letter took seconds for a name of a few thousand."""
    assert plain_name("y" * 1_000_000) == "y" * 80
    assert plain_name("a's " * 250_000) == ""
