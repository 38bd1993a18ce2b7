"""What is shared of a Mac's commands: asked once a pass, healed where a device's name breaks it, and never trusted."""

import plistlib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.probes import macos_registry as registry

from ..mac_host import MacFake
from ..mac_host import registry as printed


def test_two_probes_of_one_pass_ask_once_and_the_next_pass_asks_again() -> None:
    mac = MacFake({"system": b"x"})
    host = cast("Host", mac)
    assert registry.output(host, "system") == registry.output(host, "system") == b"x"
    mac.up += registry.PASS_SECONDS
    registry.output(host, "system")
    assert mac.asked == ["system", "system"]


def test_an_error_stays_for_the_pass_so_that_a_command_that_hangs_hangs_once() -> None:
    mac = MacFake({"system": SourceBroken("did not answer within 3 s")})
    for _ in range(2):
        with pytest.raises(SourceBroken):
            registry.output(cast("Host", mac), "system")
    assert mac.asked == ["system"]


def test_another_host_is_never_given_what_the_first_one_printed() -> None:
    registry.output(cast("Host", MacFake({"system": b"one"})), "system")
    assert registry.output(cast("Host", MacFake({"system": b"two"})), "system") == b"two"


def test_a_long_answer_does_not_stay_in_memory() -> None:
    mac = MacFake({"registry_usb": b"x" * (registry.MAX_KEPT + 1)})
    for _ in range(2):
        registry.output(cast("Host", mac), "registry_usb")
    assert len(mac.asked) == 2


def test_forgetting_asks_again() -> None:
    mac = MacFake({"system": b"x"})
    registry.output(cast("Host", mac), "system")
    registry.forget()
    registry.output(cast("Host", mac), "system")
    assert len(mac.asked) == 2


def test_nothing_printed_means_no_such_entry_and_a_refusal_is_passed_on() -> None:
    assert registry.registry(cast("Host", MacFake()), "registry_usb") == []
    with pytest.raises(NotPermitted):
        registry.registry(cast("Host", MacFake({"registry_usb": NotPermitted("no")})), "registry_usb")


@pytest.mark.parametrize("value", ["text", ["text"], [[]]])
def test_a_list_without_entries_is_broken_and_an_empty_one_is_none(value: Any) -> None:
    with pytest.raises(SourceBroken):
        registry.registry(cast("Host", MacFake({"c": plistlib.dumps(value)})), "c")
    assert registry.registry(cast("Host", MacFake({"c": plistlib.dumps([])})), "c") == []


def test_a_control_character_in_a_name_hides_nothing() -> None:
    data = printed({"name": "evil@one"}, {"name": "other"}).replace(b"@", b"\x01\xff")
    found = registry.registry(cast("Host", MacFake({"c": data})), "c")
    assert [registry.text(entry, "name") for entry in found] == ["evil\ufffdone", "other"]


def test_the_longest_lists_are_left_out_before_parsing_and_nothing_beside_them() -> None:
    keys = [{"Usage": 4, "Elements": [{"Usage": 5}], "Note": "</array>\n\t</array>"}] * 3
    entry = {"Elements": keys, "InputReportElements": [[]], "ReportDescriptor": b"\1", "After": 1}
    data = registry.without_lists(printed({"IORegistryEntryChildren": [entry]}, {"Elements": []}))
    assert b"Usage" not in data
    assert registry.plist(data, "c") == [
        {"IORegistryEntryChildren": [{"ReportDescriptor": b"\1", "After": 1}]}, {"Elements": []},
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"<plist>", b"bplist00" + b"\xff" * 40, b"{}", b"<plist><array>"])
def test_what_is_no_property_list_is_broken(data: bytes) -> None:
    with pytest.raises(SourceBroken):
        registry.plist(data, "c")


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for start in (b"", b"bplist00", b"<?xml version='1.0'?><plist>"):
        try:
            registry.plist(start + data, "c")
        except SourceBroken:
            continue


@pytest.mark.parametrize("data", [b"", b"[]", b'{"Other": []}', b'{"SPUSBDataType": 1}', b"\xff"])
def test_a_profile_without_its_data_type_is_broken(data: bytes) -> None:
    with pytest.raises(SourceBroken):
        registry.profile(cast("Host", MacFake({"p": data})), "p", "SPUSBDataType")


def test_a_file_that_holds_no_dictionary_is_broken() -> None:
    with pytest.raises(SourceBroken):
        registry.file_plist(cast("Host", MacFake(files={"/x": printed({})})), "/x")


def test_a_tree_deeper_than_any_is_cut_and_values_of_another_type_are_none() -> None:
    tree: registry.Node = {}
    for _ in range(500):
        tree = {"IORegistryEntryChildren": [tree]}
    assert len(list(registry.below(tree))) == registry.MAX_DEPTH
    assert registry.children({"IORegistryEntryChildren": {"a": 1}}) == []
    node = {"text": 3, "number": "3", "flag": 1, "true": True, "data": "x"}
    assert registry.text(node, "text") == ""
    assert registry.number(node, "number", "true") is None
    assert registry.flag(node, "flag") is None
    assert registry.data_of(node, "data") == b""
    assert registry.inner(node, "text", "more") == {}
