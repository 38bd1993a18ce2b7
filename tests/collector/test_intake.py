import gzip
import hashlib
import random
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.ingest import Buckets
from farmwatch_collector.intake import MAX_SECTIONS, Refused, take_apart, unpack, validate
from farmwatch_collector.serving import MAX_HEAD_BYTES
from farmwatch_collector.settings import Limits
from farmwatch_collector.store.bundles import MAX_EPOCHS_PER_DAY, MAX_KINDS, MAX_NEW_BYTES_PER_DAY, MAX_NEW_ROWS_PER_DAY
from farmwatch_collector.store.protocol import Incoming
from farmwatch_schema.codec import MAX_DEPTH, MAX_ITEMS, check_depth
from farmwatch_schema.errors import CodecError
from farmwatch_schema.report import MAX_REPORTS_PER_REQUEST, Answer
from farmwatch_schema.signature import WINDOW_SECONDS

from .laptops import USB, Laptop, named, section, utc

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LIMITS = Limits()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def a_report(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(Laptop("laptop-1").report(section("usb", f"[{USB}]"), **changes))
    made["created_at"] = utc(NOW.timestamp())
    return made


def checked(report: Any) -> Incoming | Answer:
    return validate(msgspec.Raw(msgspec.json.encode(report)), "laptop-1", NOW, LIMITS)


def refusal_of(body: bytes) -> int | None:
    try:
        take_apart(unpack(body, LIMITS))
    except Refused as refusal:
        return refusal.http
    return None


def test_a_good_report_comes_with_the_digest_of_its_bytes() -> None:
    data = msgspec.json.encode(a_report())
    found = validate(msgspec.Raw(data), "laptop-1", NOW, LIMITS)
    assert isinstance(found, Incoming)
    assert found.digest == hashlib.sha256(data).hexdigest()


@given(st.binary(max_size=2000))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_unpacked_or_refused(data: bytes) -> None:
    for body in (data, gzip.compress(data), gzip.compress(data)[:-3]):
        assert refusal_of(body) in (None, 400, 413)


@given(json_values)
@settings(max_examples=100, deadline=None)
def test_any_json_as_a_bundle_is_taken_apart_or_refused(value: Any) -> None:
    for bundle in (value, {"reports": value}, {"reports": [value]}):
        try:
            reports = take_apart(msgspec.json.encode(bundle))
        except Refused:
            continue
        for raw in reports:
            assert isinstance(validate(raw, "laptop-1", NOW, LIMITS), Answer)


@given(st.sampled_from(sorted(a_report())), json_values)
@settings(max_examples=100, deadline=None)
def test_any_value_in_any_field_gives_an_answer(field: str, value: Any) -> None:
    found = checked({**a_report(), field: value})
    if isinstance(found, Answer):
        assert found.status in ("invalid", "clock_skew")
        assert found.message


@given(st.sampled_from(["kind", "outcome", "observed_at", "reason", "digest", "items"]), json_values)
@settings(max_examples=100, deadline=None)
def test_any_value_in_any_field_of_a_section_gives_an_answer(field: str, value: Any) -> None:
    report = a_report()
    report["sections"][0][field] = value
    found = checked(report)
    assert isinstance(found, Incoming) or found.message


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_report_with_changed_bytes_gives_an_answer(changes: list[tuple[int, int]]) -> None:
    data = bytearray(msgspec.json.encode({"reports": [a_report()]}))
    for place, value in changes:
        data[place % len(data)] = value
    try:
        reports = take_apart(bytes(data))
    except Refused:
        return
    for raw in reports:
        found = validate(raw, "laptop-1", NOW, LIMITS)
        assert isinstance(found, Incoming) or found.status in ("invalid", "clock_skew")


@given(json_values)
@settings(max_examples=100, deadline=None)
def test_depth_is_counted_as_a_parser_counts_it(value: Any) -> None:
    def depth(part: Any) -> int:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    data = msgspec.json.encode(value)
    actual = depth(value)
    check_depth(data, "value", actual)
    if actual:
        with pytest.raises(CodecError, match="too deeply"):
            check_depth(data, "value", actual - 1)


def test_bytes_that_are_no_text_are_invalid_wherever_they_stand() -> None:
    data = msgspec.json.encode(a_report(name="lapt\u00f6p"))
    for place in (b"lapt", b"linux", b"found"):
        found = validate(msgspec.Raw(data.replace(place, b"\xff\xfe")), "laptop-1", NOW, LIMITS)
        assert isinstance(found, Answer)
        assert (found.status, "UTF-8" in found.message) == ("invalid", True), place


def test_brackets_and_quotes_inside_of_strings_are_no_depth() -> None:
    check_depth(rb'{"a":"[[[[\"[[[[\\","b":["]]"]}', "value", 2)


@pytest.mark.parametrize("size", [0, 1, 256 * 1024])
def test_what_unpacks_to_no_more_than_a_packed_body_may_weigh_is_taken_at_any_ratio(size: int) -> None:
    assert unpack(gzip.compress(b" " * size), LIMITS) == b" " * size


def test_above_that_a_body_may_unpack_to_twenty_times_its_size() -> None:
    with pytest.raises(Refused, match="more than 262144 bytes") as refused:
        unpack(gzip.compress(b" " * (256 * 1024 + 1)), LIMITS)
    assert (refused.value.http, refused.value.status) == (413, "too_large")
    noise = random.Random(1).randbytes(100_000)
    assert len(unpack(gzip.compress(noise + b" " * 1_500_000), LIMITS)) == 1_600_000
    with pytest.raises(Refused, match="2097152"):
        unpack(gzip.compress(noise * 2 + b" " * 2_000_000), LIMITS)


def test_a_bomb_is_never_held_in_memory() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(200)) + packer.flush()
    with pytest.raises(Refused, match="unpacks to more"):
        unpack(bomb, LIMITS)


def test_the_clock_may_be_ten_minutes_ahead() -> None:
    def at(offset: int) -> Incoming | Answer:
        return checked({**a_report(), "created_at": (NOW + timedelta(seconds=offset)).isoformat()})

    assert isinstance(at(600), Incoming)
    ahead = at(601)
    assert isinstance(ahead, Answer)
    assert (ahead.status, "601 s ahead" in ahead.message) == ("clock_skew", True)


def test_an_answer_to_a_wrong_report_echoes_what_can_be_read_of_it() -> None:
    found = checked({**a_report(), "sections": 5})
    assert isinstance(found, Answer)
    assert (found.device, found.sequence, len(found.epoch)) == ("laptop-1", 1, 32)


def test_a_state_that_names_its_content_is_taken_without_it() -> None:
    report = a_report()
    report["sections"] = [named("usb", f"[{USB}]")]
    assert isinstance(checked(report), Incoming)


def test_a_bucket_fills_at_its_rate_and_names_the_time_to_wait() -> None:
    bucket = Buckets(per_second=0.2, burst=2)
    assert [bucket.wait("a", 0.0) for _ in range(2)] == [0.0, 0.0]
    assert bucket.wait("a", 0.0) == pytest.approx(5.0)
    assert bucket.wait("b", 0.0) == 0.0
    assert bucket.wait("a", 5.1) == 0.0
    assert bucket.wait("a", 5.1) > 0.0
    assert Buckets(0.0, 0).wait("a", 0.0) == 0.0


def test_the_docs_name_the_limits_that_hold() -> None:
    text = (Path(__file__).parents[2] / "docs" / "ingest.md").read_text(encoding="utf-8")
    kib = 1024
    rows = {
        "packed": f"{LIMITS.packed_bytes // kib} KiB",
        "unpacked": f"{LIMITS.unpacked_bytes // kib // kib} MiB",
        "body": f"{LIMITS.request_seconds:g} s",
        "head of a request": f"{LIMITS.request_seconds:g} s, {MAX_HEAD_BYTES // kib} KiB",
        "requests of a device": f"{LIMITS.per_minute:g} a minute, {LIMITS.burst} at once (`--per-minute`)",
        "nesting": f"{MAX_DEPTH} levels",
        "observables in a section": f"{MAX_ITEMS:,}",
        "sections in a report": f"{MAX_SECTIONS}, each kind once",
        "reports in a request": f"1 to {MAX_REPORTS_PER_REQUEST}",
        "signature's age": f"{WINDOW_SECONDS} s either way",
        "a report's own time": f"{LIMITS.clock_seconds} s ahead",
        "epochs of a device": f"{MAX_EPOCHS_PER_DAY} a day",
        "what a device adds": f"{MAX_NEW_ROWS_PER_DAY:,} rows and {MAX_NEW_BYTES_PER_DAY >> 20} MiB of content a day",
        "kinds of a device": f"{MAX_KINDS}, and every known one",
    }
    for name, value in rows.items():
        assert f"| {name} | {value} |" in text, name
    assert f"| ratio | {LIMITS.ratio}, counted only above {LIMITS.packed_bytes // kib} KiB" in text
