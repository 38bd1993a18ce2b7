"""What a closed case explains counts as nothing, ends by itself, and hides neither tampering nor a rise to urgent."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest

from farmwatch_collector import evaluate
from farmwatch_collector.assessment import Assessment
from farmwatch_collector.evaluate import judge
from farmwatch_collector.expectations import evidence_of, expectations_from, expected, fingerprint
from farmwatch_detectors.detector import Detector, Level
from farmwatch_detectors.policy import Expectation
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema.finding import Evidence, Finding, Group
from farmwatch_schema.observables import KINDS

from .scoring import ENROLLED, NOW, finding, row

DAY = timedelta(days=1)
UNTIL = NOW + 30 * DAY
TABLES: dict[str, dict[int, Level]] = {
    "kvm": {1: row(1, 3), 2: row(2, 8, half_life_days=90)},
    "tool": {1: row(1, 2), 2: row(2, 5), 3: row(3, 7)},
    "hands": {1: row(1, 1), 2: row(2, 5)},
    "tampering": {2: row(2, 6)},
}
KVM = finding("kvm", "H", 2, subject="1-4")
TOOL = finding("tool", "R", 2, subject="rustdesk")
HANDS = finding("hands", "I", 2)


@pytest.fixture(autouse=True)
def _made_up_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "table_of", TABLES.__getitem__)


def detectors(*findings: Finding) -> list[Detector]:
    def stating(one: Finding) -> Detector:
        def detect(device: DeviceView) -> Iterator[Finding]:
            yield one

        return Detector(id=one.detector, group=one.group, title="", attack=(), consumes=("usb",), detect=detect)

    return [stating(one) for one in findings]


def view(at: datetime = NOW, **changes: object) -> DeviceView:
    sections = {kind: SectionView(kind=kind, outcome="none", observed_at=at) for kind in KINDS}
    return msgspec.structs.replace(DeviceView(device="d", now=at, enrolled_at=ENROLLED, sections=sections), **changes)


def judged(*findings: Finding, at: datetime = NOW, held: tuple[Expectation, ...] = (), **changes: object) -> Assessment:
    return judge(view(at, expectations=held, **changes), detectors(*findings))


def closed(*findings: Finding, until: datetime = UNTIL) -> tuple[Expectation, ...]:
    return expectations_from(judged(*findings), 7, until, "ann", "the lab's KVM")


def bits(found: Assessment, group: Group) -> float:
    return next(level.bits for level in found.groups if level.group == group)


def test_what_is_expected_counts_as_nothing_and_says_why() -> None:
    before, after = judged(KVM, TOOL), judged(KVM, TOOL, held=closed(KVM, TOOL))
    assert before.attention == "review"
    assert after.attention == "none"
    assert {each.sanctioned for each in after.findings} == {"case 7, until 2026-12-22, by ann: the lab's KVM"}


def test_a_fact_beside_it_counts_as_always() -> None:
    after = judged(KVM, TOOL, held=closed(KVM))
    assert bits(after, "H") == 0
    assert bits(after, "R") == 5


def test_another_thing_on_another_port_or_of_other_facts_is_not_explained() -> None:
    held = closed(KVM)
    moved = msgspec.structs.replace(KVM, subject="1-9")
    other = msgspec.structs.replace(KVM, evidence=(Evidence(kind="usb", subject="a thing", fact="was another"),))
    assert bits(judged(moved, held=held), "H") == 8
    assert bits(judged(other, held=held), "H") == 8


def test_a_higher_level_than_the_one_looked_at_is_not_explained() -> None:
    held = closed(TOOL)
    worse = msgspec.structs.replace(TOOL, level=3)
    assert bits(judged(worse, held=held), "R") == 7
    assert bits(judged(msgspec.structs.replace(TOOL, level=1), held=held), "R") == 0


def test_it_ends_by_itself_and_the_device_is_judged_again_then() -> None:
    held = closed(KVM)
    before = judged(KVM, held=held, at=NOW)
    assert before.next_change is not None
    assert before.next_change <= UNTIL
    soon = closed(KVM, until=NOW + timedelta(hours=2))
    assert judged(KVM, held=soon).next_change == NOW + timedelta(hours=2)
    assert bits(judged(KVM, held=held, at=UNTIL), "H") == 8


def test_tampering_is_never_expected() -> None:
    tampering = finding("tampering", "A", 2)
    held = closed(KVM, tampering)
    assert [each.group for each in held] == ["H"]
    assert bits(judged(KVM, tampering, held=held), "A") > 0
    # Not even when somebody wrote such a row by hand.
    forged = msgspec.structs.replace(held[0], detector="tampering", group="A", subject="")
    forged = msgspec.structs.replace(forged, fingerprint=fingerprint(tampering))
    assert expected(tampering, [forged], NOW) is None


def test_a_new_group_that_lifts_the_device_to_urgent_is_shown_with_all_of_it() -> None:
    held = closed(KVM)
    after = judged(KVM, HANDS, TOOL, held=held)
    assert after == judged(KVM, HANDS, TOOL)
    assert after.attention in ("urgent", "near_certain")


def test_a_new_group_below_urgent_counts_alone() -> None:
    slight = finding("hands", "I", 1)
    whole, after = judged(KVM, slight), judged(KVM, slight, held=closed(KVM))
    assert whole.attention not in ("urgent", "near_certain")
    assert bits(after, "H") == 0
    assert bits(after, "I") == 1


def test_a_group_that_was_there_at_the_close_is_not_new() -> None:
    # All three were looked at; the tool's rise to level 3 is new evidence of a known group.
    held = closed(KVM, HANDS, TOOL)
    after = judged(KVM, HANDS, msgspec.structs.replace(TOOL, level=3), held=held)
    assert (bits(after, "H"), bits(after, "I"), bits(after, "R")) == (0, 0, 7)


def test_evidence_that_is_gone_is_explained_too() -> None:
    gone = msgspec.structs.replace(KVM, seen_until=(NOW - DAY).isoformat())
    fading = judged(levels=(gone,))
    assert bits(fading, "H") > 7
    held = expectations_from(fading, 7, UNTIL, "ann", "it was returned")
    assert bits(judged(levels=fading.findings, held=held), "H") <= 0


def test_counts_dates_and_times_move_while_the_thing_stays_the_same() -> None:
    def quoting(fact: str) -> str:
        return fingerprint(msgspec.structs.replace(KVM, evidence=(Evidence(kind="usb", subject="x", fact=fact),)))

    same = [
        ("Seen on 3 of 14 days.", "Seen on 12 of 14 days."),
        ("Since 2026-11-02T09:00:00+00:00.", "Since 2026-11-03."),
        ("No input for 90 minutes, 12 times.", "No input for 5 hours, 1 time."),
        ("All of it, 97 %.", "All of it, 100%."),
    ]
    for one, other in same:
        assert quoting(one) == quoting(other), (one, other)
    different = [
        ("Is 1d6b:0104.", "Is 046d:c52b."),
        ("Listens on port 5900.", "Listens on port 3389."),
        ("EDID of 256 bytes.", "EDID of 128 bytes."),
    ]
    for one, other in different:
        assert quoting(one) != quoting(other), (one, other)


def test_ties_are_told_by_their_value_because_their_holders_come_and_go() -> None:
    def tie(value: str, holders: str) -> Finding:
        proof = Evidence(kind="fleet", subject="gateway", fact=f"Shared by {holders}.")
        return Finding(detector="g", group="F", level=2, sentence="x", evidence=(proof,), subject=value)

    assert fingerprint(tie("v1", "a, b")) == fingerprint(tie("v1", "a, c"))
    assert fingerprint(tie("v1", "a, b")) != fingerprint(tie("v2", "a, b"))


def test_the_digest_of_what_counts_changes_with_level_and_thing_only() -> None:
    digest = evidence_of([KVM, TOOL])
    assert digest == evidence_of([TOOL, KVM])
    allowed = finding("tool", "R", 2, subject="teamviewer", sanctioned="help desk")
    assert digest == evidence_of([KVM, TOOL, allowed])
    assert digest != evidence_of([KVM])
    assert digest != evidence_of([msgspec.structs.replace(KVM, level=1), TOOL])
