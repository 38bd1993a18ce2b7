"""Hostile bytes: one clear error that names the field, and never another kind of error."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_schema import codec
from farmwatch_schema.errors import CodecError
from farmwatch_schema.observables import KINDS, Gap, UnknownObservable
from farmwatch_schema.observables.usb import UsbDevice
from farmwatch_schema.report import SCHEMA_VERSION

REPORT: dict[str, Any] = {
    "device": "d-01",
    "epoch": "0" * 32,
    "sequence": 1,
    "boot": "0123456789abcdef",
    "created_at": "2026-11-22T08:00:00Z",
    "uptime_seconds": 60,
    "agent": {"version": "0.1.0", "platform": "linux"},
    "sections": [{"kind": "usb", "outcome": "none", "observed_at": "2026-11-22T08:00:00Z"}],
}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


def changed(**fields: Any) -> bytes:
    return json.dumps({**REPORT, **fields}).encode()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"device": 7}, "report $.device"),
        ({"device": ""}, "report $.device"),
        ({"device": "x" * 65}, "report $.device"),
        ({"sequence": 0}, "report $.sequence"),
        ({"sequence": "1"}, "report $.sequence"),
        ({"agent": {"version": "0.1.0"}}, "report $.agent"),
        ({"sections": {}}, "report $.sections"),
        ({"sections": [{"kind": "usb", "outcome": "clean", "observed_at": ""}]}, "report $.sections[0].outcome"),
        ({"origin": "elsewhere"}, "report $.origin"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(CodecError) as caught:
        codec.decode_report(changed(**fields))
    assert caught.value.place == place
    assert caught.value.problem


def test_a_missing_field_is_named() -> None:
    report = {name: value for name, value in REPORT.items() if name != "epoch"}
    with pytest.raises(CodecError, match="`epoch`"):
        codec.decode_report(json.dumps(report).encode())


def test_a_newer_schema_names_the_remedy() -> None:
    with pytest.raises(CodecError, match="Upgrade the collector before the agents"):
        codec.decode_report(changed(schema=SCHEMA_VERSION + 1))


def test_a_field_of_a_later_agent_is_left_aside() -> None:
    assert codec.decode_report(changed(colour="green")).device == "d-01"


def test_what_is_not_json_says_so() -> None:
    with pytest.raises(CodecError, match="not valid JSON"):
        codec.decode_report(b"<html>Welcome to the airport</html>")


def test_an_observable_of_an_unknown_type_is_kept_as_it_came() -> None:
    raw = b'{"type":"hologram","colour":"blue"}'
    assert codec.decode_items("usb", b"[" + raw + b"]") == [UnknownObservable(name="hologram", raw=raw)]


def test_a_known_observable_in_an_unknown_kind_is_kept_as_it_came() -> None:
    raw = b'{"type":"usb_device","vendor_id":"1d6b","product_id":"0104"}'
    assert codec.decode_items("holograms", b"[" + raw + b"]") == [UnknownObservable(name="usb_device", raw=raw)]


def test_known_observables_are_decoded_and_a_gap_is_known_everywhere() -> None:
    items = (
        b'[{"type":"usb_device","vendor_id":"1d6b","product_id":"0104"},{"type":"gap","what":"x","outcome":"broken"}]'
    )
    assert codec.decode_items("usb", items) == [
        UsbDevice(vendor_id="1d6b", product_id="0104"),
        Gap(what="x", outcome="broken"),
    ]


def test_a_wrong_field_of_an_observable_is_named_with_kind_and_position() -> None:
    items = b'[{"type":"usb_device","vendor_id":"1d6b","product_id":"0104"},{"type":"usb_device","vendor_id":7}]'
    with pytest.raises(CodecError) as caught:
        codec.decode_items("usb", items)
    assert caught.value.place == "section usb items[1] $.vendor_id"


def test_an_observable_without_a_type_is_refused() -> None:
    with pytest.raises(CodecError, match=r"section usb items\[0\]"):
        codec.decode_items("usb", b'[{"vendor_id":"1d6b"}]')


def test_more_observables_than_the_limit_are_refused() -> None:
    items = b"[" + b",".join([b'{"type":"x"}'] * (codec.MAX_ITEMS + 1)) + b"]"
    with pytest.raises(CodecError, match="5001 observables, 5000 are taken"):
        codec.decode_items("usb", items)


def test_nesting_beyond_any_stack_is_a_codec_error() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    for decode in (codec.decode_report, codec.decode_bundle, codec.decode_response, codec.decode_enrol_request):
        with pytest.raises(CodecError):
            decode(deep)
    with pytest.raises(CodecError):
        codec.decode_items("usb", deep)
    with pytest.raises(CodecError, match="nested too deeply"):
        codec.check_depth(deep, "report")


def test_deep_nesting_inside_of_a_field_that_is_left_aside_is_a_codec_error_or_harmless() -> None:
    data = changed()[:-1] + b',"colour":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(CodecError):
        codec.check_depth(data, "report")
    problems: list[str] = []
    try:
        codec.decode_report(data)
    except CodecError as error:
        problems.append(error.problem)
    assert problems in ([], ["is nested too deeply."])


def nested(levels: int) -> bytes:
    return b'{"a":[' * (levels // 2) + b"[" * (levels % 2) + b"]" * (levels % 2) + b"]}" * (levels // 2)


@pytest.mark.parametrize("levels", [0, 1, 2, 19, 20])
def test_the_allowed_depth_passes(levels: int) -> None:
    codec.check_depth(nested(levels), "report")


@pytest.mark.parametrize("levels", [21, 22, 500])
def test_a_greater_depth_is_refused(levels: int) -> None:
    with pytest.raises(CodecError, match="At most 20 levels"):
        codec.check_depth(nested(levels), "report")


@pytest.mark.parametrize("text", ["[" * 50, "{" * 50, '"' + "[" * 50, "\\" + '"' + "[" * 50, "\\\\", "][" * 50])
def test_brackets_inside_of_strings_do_not_count(text: str) -> None:
    codec.check_depth(json.dumps({"a": text, "b": [text, {text: text}]}).encode(), "report")


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((depth_of(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth_of(inner) for inner in value), default=0)
    return 0


@given(JSON_VALUES, st.integers(1, 6))
def test_depth_agrees_with_a_walk_over_the_decoded_value(value: Any, limit: int) -> None:
    data = json.dumps(value).encode()
    if depth_of(value) <= limit:
        codec.check_depth(data, "x", limit)
    else:
        with pytest.raises(CodecError):
            codec.check_depth(data, "x", limit)


DECODERS: tuple[Callable[[bytes], object], ...] = (
    codec.decode_report,
    codec.decode_bundle,
    codec.decode_response,
    codec.decode_enrol_request,
    codec.decode_enrol_response,
    *(partial(codec.decode_items, kind) for kind in [*KINDS, "unknown"]),
    lambda data: codec.check_depth(data, "x"),
)


def decode_all(data: bytes) -> None:
    for decode in DECODERS:
        with suppress(CodecError):
            decode(data)


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_codec_errors(data: bytes) -> None:
    decode_all(data)


@given(JSON_VALUES)
def test_random_json_raises_nothing_but_codec_errors(value: Any) -> None:
    decode_all(json.dumps(value).encode())


@given(st.sampled_from(sorted(REPORT)), JSON_VALUES)
def test_a_report_with_any_value_in_any_field_raises_nothing_but_codec_errors(name: str, value: Any) -> None:
    decode_all(changed(**{name: value}))


@settings(max_examples=200)
@given(
    st.sampled_from(sorted({str(o.__struct_config__.tag) for k in KINDS.values() for o in k.observables})), JSON_VALUES
)
def test_an_observable_with_any_content_raises_nothing_but_codec_errors(tag: str, value: Any) -> None:
    fields = value if isinstance(value, dict) else {"vendor_id": value, "name": value, "address": value}
    decode_all(json.dumps([{**fields, "type": tag}]).encode())


def test_raw_items_of_a_report_are_digested_as_they_came() -> None:
    items = b'[ {"type" : "usb_device","vendor_id":"1d6b","product_id":"0104"} ]'
    section = b'{"kind":"usb","outcome":"found","observed_at":"x","items":' + items + b"}"
    report = codec.decode_report(
        changed()[:-1].replace(json.dumps(REPORT["sections"]).encode(), b"[" + section + b"]") + b"}"
    )
    raw = report.sections[0].items
    assert isinstance(raw, msgspec.Raw)
    assert bytes(raw) == items
    assert codec.digest_of(raw) == codec.digest_of(items)
