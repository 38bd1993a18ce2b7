"""What the pages are made of."""

from datetime import timedelta

import msgspec

from farmwatch_collector.console.views import box, events, explained, line, linked, named, standing
from farmwatch_collector.reasons import reasons
from farmwatch_detectors.view import Span
from farmwatch_schema.finding import GROUPS, Evidence

from .memory import CAMERA, KVM, NOW, SCRIPT, TIE_FINDING, TOOL_FINDING, judged, level, worked_example


def test_a_group_that_was_not_measured_is_grey_and_says_why() -> None:
    assessment = judged("d-1", [level("H", None, grey="the agent had no permission to look")])
    shown = box(assessment, "H")
    assert (shown.level, shown.tint) == (None, "grey")
    assert "not measured (the agent had no permission to look)" in shown.text


def test_looked_and_nothing_is_empty_and_not_grey() -> None:
    shown = box(judged("d-1", [level("H", 0, -0.9)]), "H")
    assert (shown.level, shown.tint) == (0, "0")
    assert "looked, nothing found" in shown.text


def test_a_device_without_judgement_is_grey_in_every_group() -> None:
    assert {box(None, group).tint for group in GROUPS} == {"grey"}


def test_the_two_strongest_reasons_come_first() -> None:
    levels = [level("H", 1, 2.0, "slight"), level("R", 3, 7.0, "heavy"), level("F", 2, 4.0, "tie")]
    found = reasons(judged("d-1", levels))
    assert [(reason.group, reason.words) for reason in found] == [
        ("R", "remote software: heavy"),
        ("F", "fleet ties: tie"),
    ]


def test_a_reason_never_ends_inside_a_bracket() -> None:
    finding = msgspec.structs.replace(TOOL_FINDING, sentence="A runs (resource a.exe; signer B): others can drive it.")
    heavy = level("R", 1, 2.0, "tool", detector=TOOL_FINDING.detector)
    assert reasons(judged("d-1", [heavy], [finding]))[0].words == "A runs"


def test_a_reason_says_what_its_finding_states_first() -> None:
    row = worked_example().device("d-farm-1")
    assert row is not None
    assert row.assessment is not None
    assert [reason.words for reason in reasons(row.assessment)] == [
        "A USB device on port 1-2 bears the identity that PiKVM publishes",
        "Five laptops without a common household report through one gateway",
    ]


def test_a_device_of_which_little_is_measured_is_called_blind() -> None:
    store = worked_example()
    blind, seen, new = (store.device(device) for device in ("d-blind", "d-clean-1", "d-new"))
    assert blind is not None
    assert seen is not None
    assert new is not None
    assert line(blind, None).blind
    assert not line(seen, None).blind
    assert not line(new, None).blind


def test_only_the_finding_that_gave_the_level_is_called_counted() -> None:
    row = worked_example().device("d-farm-1")
    assert row is not None
    assert row.assessment is not None
    counted = {each.finding.detector: each.counted for each in explained(row.assessment)}
    assert counted == {"ip_kvm_identity": True, "shared_gateway": True, "remote_access_tool": False}


def test_a_finding_that_counts_nothing_still_has_its_innocent_readings_when_its_table_is_known() -> None:
    (each,) = explained(judged("d-1", [level("R", 0, 0.0)], [TOOL_FINDING]))
    assert not each.counted
    assert each.bits == 0


def test_what_was_there_from_the_start_did_not_appear() -> None:
    spans = [
        Span(kind="usb", item=CAMERA, seen_from=NOW - timedelta(days=9), from_start=True),
        Span(kind="usb", item=KVM, seen_from=NOW - timedelta(days=2), seen_until=NOW - timedelta(days=1)),
    ]
    found, more = events(spans)
    assert [(event.appeared, event.at) for event in found] == [
        (False, NOW - timedelta(days=1)),
        (True, NOW - timedelta(days=2)),
    ]
    assert more == 0


def test_a_device_whose_hardware_or_software_stayed_unseen_is_never_called_clear() -> None:
    unseen = standing(judged("d-1", [level("R", 0, -1.4)]))
    assert (unseen.key, unseen.word) == ("dim", "not enough seen")
    seen = standing(judged("d-1", [level("H", 0, -0.9), level("R", 0, -1.4)]))
    assert (seen.key, seen.word) == ("none", "clear")
    assert standing(None).word == "not judged yet"
    loud = standing(judged("d-1", [level("R", 3, 9.0, "tool"), level("F", 3, 4.0, "tie")]))
    assert (loud.key, loud.word) == ("review", "review")


def test_devices_that_share_a_value_are_linked_by_name_and_nothing_else_is() -> None:
    fact = "Shared by 0123456789abcdef, fedcba9876543210 and 00112233445566778899."
    finding = TIE_FINDING.__class__(
        detector="shared_gateway",
        group="F",
        level=1,
        sentence="Shared.",
        evidence=(Evidence(kind="fleet", subject="gateway", fact=fact), Evidence(kind="usb", subject="u", fact=fact)),
    )
    ids = named(judged("d-1", [], [finding]))
    assert ids == ["0123456789abcdef", "fedcba9876543210"]
    page = linked(fact, {"0123456789abcdef": SCRIPT})
    assert page.count("<a ") == 1
    assert '<a href="/devices/0123456789abcdef">' in page
    assert "<script" not in page
    assert "fedcba9876543210 and 00112233445566778899" in page
