"""Detectors are run apart from each other, what is gone fades, and the base rate relaxes by itself."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from farmwatch_collector import evaluate
from farmwatch_collector.assessment import Assessment, GroupLevel
from farmwatch_collector.evaluate import Company, complete, judge, keyed_assets, prior_of, versions
from farmwatch_collector.fleet import Fleet
from farmwatch_detectors import cloned_identity, silenced
from farmwatch_detectors.detector import Detector, Level, level_table
from farmwatch_detectors.policy import Cohort, Policy, RosterEntry, Sanction
from farmwatch_detectors.view import DeviceView, ReportEvent, Reporting, SectionView, Span
from farmwatch_schema.finding import Finding, Group
from farmwatch_schema.observables import KINDS
from farmwatch_schema.observables.usb import UsbDevice

from .reports import KEYER
from .scoring import ENROLLED, NOW, finding, row

TABLES: dict[str, dict[int, Level]] = {
    "soft": {1: row(1, 2), 2: row(2, 5), 3: row(3, 7)},
    "hard": {1: row(1, 6, half_life_days=90)},
    "broken": {1: row(1, 3)},
    "cloned_identity": {1: row(1, 1), 2: row(2, 3)},
    "silenced": {1: row(1, 1), 2: row(2, 3)},
}


@pytest.fixture(autouse=True)
def _made_up_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "table_of", TABLES.__getitem__)


def detector(name: str, group: Group, *findings: Finding, error: Exception | None = None) -> Detector:
    def detect(device: DeviceView) -> Iterator[Finding]:
        yield from findings
        if error is not None:
            raise error

    return Detector(id=name, group=group, title=name, attack=(), consumes=("usb",), detect=detect)


def view(**changes: object) -> DeviceView:
    sections = {kind: SectionView(kind=kind, outcome="none", observed_at=NOW) for kind in KINDS}
    made = DeviceView(device="d", now=NOW, enrolled_at=ENROLLED, sections=sections)
    return msgspec.structs.replace(made, **changes)


def of(assessment: Assessment, group: Group) -> GroupLevel:
    return next(level for level in assessment.groups if level.group == group)


def test_a_detector_that_fails_greys_its_group_by_name_and_stops_no_other() -> None:
    found = judge(
        view(), [detector("broken", "H", error=KeyError("x")), detector("soft", "R", finding("soft", "R", 2))]
    )
    assert of(found, "R").level == 2
    assert of(found, "H").level is None
    assert of(found, "H").grey == "detector broken failed (KeyError)"


def test_a_failed_detector_does_not_hide_what_another_of_its_group_states() -> None:
    found = judge(view(), [detector("broken", "R", error=ValueError()), detector("soft", "R", finding("soft", "R", 2))])
    assert of(found, "R").level == 2
    assert "detector broken failed (ValueError)" in of(found, "R").meaning


@pytest.mark.parametrize(
    "stated",
    [
        finding("soft", "N", 1),
        finding("soft", "R", 9),
        finding("other", "R", 1),
        msgspec.structs.replace(finding("soft", "R", 1), seen_until="2026-11-01T00:00:00"),
        msgspec.structs.replace(finding("soft", "R", 1), seen_until="last week"),
    ],
)
def test_a_finding_that_breaks_the_contract_is_the_detectors_fault(stated: Finding) -> None:
    found = judge(view(), [detector("soft", "R", stated)])
    assert "detector soft failed" in of(found, "R").grey


def test_a_finding_that_is_stated_no_more_goes_on_as_gone() -> None:
    before = judge(view(), [detector("soft", "R", finding("soft", "R", 2, subject="anydesk"))])
    after = judge(view(levels=before.findings, now=NOW + timedelta(hours=1)), [detector("soft", "R")])
    (gone,) = after.findings
    assert gone.seen_until
    assert 4.9 < of(after, "R").bits <= 5
    faded = judge(view(levels=after.findings, now=NOW + timedelta(days=90)), [detector("soft", "R")])
    assert faded.findings == ()


def test_a_finding_that_new_rules_state_no_more_was_a_mistake_and_leaves_nothing() -> None:
    stated = finding("soft", "R", 2, subject="a")
    gone = finding("soft", "R", 2, subject="b", seen_until=NOW - timedelta(days=1))
    found = judge(view(levels=(stated, gone)), [detector("soft", "R")], new_rules=True)
    assert [each.subject for each in found.findings] == ["b"]


def test_its_end_is_when_its_evidence_disappeared() -> None:
    item = UsbDevice(vendor_id="1d6b", product_id="0104")
    left = NOW - timedelta(days=2)
    spans = {"usb": (Span(kind="usb", item=item, seen_from=ENROLLED, seen_until=left),)}
    found = judge(view(levels=(finding("hard", "H", 1),), history=spans), [detector("hard", "H")])
    assert found.findings[0].seen_until == left.isoformat()


def test_a_level_that_sank_leaves_the_higher_one_as_gone() -> None:
    before = (finding("soft", "R", 3, subject="rustdesk"),)
    found = judge(view(levels=before), [detector("soft", "R", finding("soft", "R", 1, subject="rustdesk"))])
    assert [(each.level, bool(each.seen_until)) for each in found.findings] == [(1, False), (3, True)]


def test_what_became_sanctioned_leaves_nothing_behind() -> None:
    before = (finding("soft", "R", 3, subject="rustdesk"),)
    now = finding("soft", "R", 0, subject="rustdesk", sanctioned="help desk")
    found = judge(view(levels=before), [detector("soft", "R", now)])
    assert found.findings == (now,)
    assert of(found, "R").bits == 0


def test_a_retired_detectors_old_findings_count_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "table_of", level_table)
    assert judge(view(levels=(finding("retired", "R", 2),)), []).findings == ()


def test_a_new_hires_stricter_base_rate_relaxes_by_itself_after_its_days() -> None:
    policy = Policy(cohorts=(Cohort(name="remote_new_hire", prior=0.001, days=30),))
    entry = RosterEntry(person="p", cohort="remote_new_hire", start_on=date(2026, 11, 2))
    early = judge(view(policy=policy, roster=entry), [])
    assert [bar.key for bar in early.bars if bar.kind == "cohort"] == ["cohort"]
    assert prior_of(view(policy=policy, roster=entry)).until is not None
    late = view(policy=policy, roster=entry, now=NOW.replace(month=12, day=2))
    assert prior_of(late).cohort == ""


def test_without_a_first_day_the_days_run_from_enrolment() -> None:
    entry = RosterEntry(person="p", cohort="remote_new_hire")
    assert prior_of(view(roster=entry)).cohort == ""
    assert prior_of(view(roster=entry, enrolled_at=NOW - timedelta(days=29))).cohort == "remote_new_hire"


def test_the_next_change_is_the_first_of_policy_end_and_age_of_sections() -> None:
    ends = Sanction(owner="o", reason="r", tool="t", until=date(2026, 11, 23))
    never = Sanction(owner="o", reason="r", tool="t", until=date.max)
    found = judge(view(policy=Policy(sanctions=(ends, never))), [])
    assert found.next_change == NOW.replace(day=24, hour=0)
    assert judge(view(), []).next_change == NOW + timedelta(days=5, seconds=1)


def test_a_view_is_completed_with_what_the_company_says() -> None:
    policy = Policy(sanctions=(Sanction(owner="o", reason="r", asset_serial="LAB-KVM-0007"),))
    assets = keyed_assets(policy, KEYER)
    assert assets[KEYER.key("serial", "LAB-KVM-0007").digest] == 0
    assert keyed_assets(policy, None) == {}
    roster = {"d": RosterEntry(person="p")}
    full = complete(view(), Company(policy=policy, roster=roster, assets=assets), Fleet(KEYER))
    assert (full.policy, full.roster, full.assets, full.fleet) == (policy, roster["d"], assets, Fleet().sizes)


def test_versions_name_detectors_tables_and_catalogue() -> None:
    assert [part.partition("=")[0] for part in versions().split()] == ["detectors", "tables", "catalogue"]


def test_a_device_is_judged_the_same_twice() -> None:
    assert judge(view()) == judge(view())


def _blind(kind: str) -> dict[str, SectionView]:
    sections = {kind: SectionView(kind=kind, outcome="none", observed_at=NOW) for kind in KINDS}
    return {**sections, kind: SectionView(kind=kind, outcome="broken", observed_at=NOW, reason="no answer")}


def test_evidence_is_not_gone_while_its_section_cannot_be_looked_at() -> None:
    earlier = (finding("soft", "R", 2),)  # quoted from the section `usb`
    found = judge(view(levels=earlier, sections=_blind("usb")), [detector("soft", "R")])
    assert (of(found, "R").level, of(found, "R").bits) == (2, 5)
    assert found.findings == earlier


def test_an_older_end_never_replaces_evidence_that_nobody_saw_go() -> None:
    earlier = (finding("soft", "R", 2), finding("soft", "R", 2, seen_until=NOW - timedelta(days=3)))
    for order in (earlier, earlier[::-1]):
        found = judge(view(levels=order, sections=_blind("usb")), [detector("soft", "R")])
        assert of(found, "R").bits == 5


def test_evidence_is_not_gone_because_its_detector_failed() -> None:
    found = judge(view(levels=(finding("soft", "R", 2),)), [detector("soft", "R", error=KeyError("x"))])
    assert (of(found, "R").level, of(found, "R").bits) == (2, 5)
    assert "detector soft failed (KeyError)" in of(found, "R").meaning


@pytest.mark.parametrize(("name", "group", "level", "days"), [("soft", "R", 3, 1), ("hard", "H", 1, 10)])
def test_the_next_change_is_the_moment_at_which_the_figure_differs(
    name: str, group: Group, level: int, days: int
) -> None:
    gone = finding(name, group, level, seen_until=NOW - timedelta(days=days))

    def at(moment: datetime) -> Assessment:
        fresh = {kind: SectionView(kind=kind, outcome="none", observed_at=moment) for kind in KINDS}
        return judge(view(now=moment, sections=fresh), [detector(name, group, gone)])

    before = at(NOW)
    for _ in range(30):
        assert before.next_change is not None
        just_before, then = at(before.next_change - timedelta(minutes=16)), at(before.next_change)
        assert just_before.at < before.at or just_before.points == before.points
        assert just_before.at < before.at or just_before.attention == before.attention
        assert abs(then.points - before.points) <= 1
        before = then


def test_the_end_of_the_floor_is_a_next_change() -> None:
    gone = NOW - timedelta(days=89)
    fresh = {kind: SectionView(kind=kind, outcome="none", observed_at=NOW) for kind in KINDS}
    left = finding("hard", "H", 1, seen_until=gone, floor=True)
    found = judge(view(sections=fresh, enrolled_at=NOW - timedelta(days=120)), [detector("hard", "H", left)])
    assert found.attention == "review"
    assert found.next_change is not None
    assert found.next_change <= gone + timedelta(days=90)


def test_what_was_odd_about_reports_grows_old_by_itself() -> None:
    # Nothing arrives from a silent device, so the moments at which its result changes must be known beforehand.
    day = timedelta(days=1)
    old = ReportEvent(kind="forked", count=1, detail="5", first_at=NOW - 29 * day, last_at=NOW - 29 * day)
    fresh = {kind: SectionView(kind=kind, outcome="none", observed_at=NOW) for kind in KINDS}
    silent = view(sections=fresh, reporting=Reporting(last_at=NOW - day, events=(old,)))
    before = judge(silent, [cloned_identity.DETECTOR])
    assert (of(before, "A").level, before.next_change) == (1, NOW + day)
    assert before.next_change is not None
    after = judge(msgspec.structs.replace(silent, now=before.next_change), [cloned_identity.DETECTOR])
    assert after.findings == ()


def test_a_gap_in_usual_hours_is_forgotten_after_two_weeks_of_silence() -> None:
    noon = int(NOW.timestamp()) // 3600
    begin = noon - 13 * 24 - 4
    work = [range(begin + 24 * place, begin + 24 * place + 9) for place in range(12)]
    kept = [
        hour
        for place, hours in enumerate(work)
        for hour in hours
        if place not in (2, 5, 8) or hour % 24 not in (11, 12, 13)
    ]
    reporting = Reporting(last_at=NOW - timedelta(days=2), heard=tuple(kept))
    fresh = {kind: SectionView(kind=kind, outcome="none", observed_at=NOW) for kind in KINDS}
    quiet = view(sections=fresh, reporting=reporting)
    before = judge(quiet, [silenced.DETECTOR])
    assert of(before, "A").level == 1
    first_gap_ends = datetime.fromtimestamp((begin + 48 + 6) * 3600, UTC)
    assert before.next_change == first_gap_ends + timedelta(days=14)
    assert judge(msgspec.structs.replace(quiet, now=before.next_change), [silenced.DETECTOR]).findings == ()
