"""One identity on two machines: forks, boots side by side, and hardware ids that change to and fro."""

from datetime import timedelta

import msgspec
import pytest

from farmwatch_detectors import cloned_identity
from farmwatch_detectors.view import DeviceView, ReportEvent, Reporting, Span
from farmwatch_schema.finding import Finding
from farmwatch_schema.identifiers import Identifier, Keyer
from farmwatch_schema.observables.host import HostFacts

from .views import ENROLLED, KEYER, NOW, serial, view


def event(kind: str, days_ago: float = 1, count: int = 1) -> ReportEvent:
    at = NOW - timedelta(days=days_ago)
    return ReportEvent(kind=kind, count=count, detail="5 came with two contents", first_at=at, last_at=at)


def device(*events: ReportEvent, hosts: tuple[HostFacts, ...] = (), from_day: int = 1) -> DeviceView:
    """A laptop whose `host` section said these one after the other, a day each, and whose reports had these events."""
    days = [ENROLLED + timedelta(days=day) for day in range(from_day, from_day + len(hosts) + 1)]
    spans = tuple(
        Span(kind="host", item=item, seen_from=days[place], seen_until=days[place + 1] if item != hosts[-1] else None)
        for place, item in enumerate(hosts)
    )
    made = view(host=hosts[-1:], history={"host": spans})
    return msgspec.structs.replace(made, reporting=Reporting(last_at=NOW, events=events))


def found(device: DeviceView) -> list[Finding]:
    return list(cloned_identity.detect(device))


def host(number: str, uuid: str | None = None, version: str = "12", keyer: Keyer = KEYER) -> HostFacts:
    board = keyer.key("uuid", uuid) if uuid else None
    return HostFacts(os="Debian GNU/Linux", os_version=version, serial=keyer.key("serial", number), platform_uuid=board)


def test_hit_two_reports_under_one_number_are_level_one() -> None:
    (finding,) = found(device(event("forked")))
    assert (finding.level, finding.evidence[0].kind) == (1, "agent")


def test_hit_two_boots_side_by_side_are_level_two() -> None:
    (finding,) = found(device(event("two_boots", count=40)))
    assert finding.level == 2
    assert "40 times" in finding.evidence[0].fact


def test_hit_forks_on_three_days_are_level_two() -> None:
    (finding,) = found(device(event("forked", 1), event("forked", 2), event("forked", 4)))
    assert finding.level == 2


def test_hit_a_mainboard_that_changes_and_changes_back_is_level_two() -> None:
    (finding,) = found(device(hosts=(host("PF-1", "a"), host("PF-1", "b"), host("PF-1", "a", "12.1"))))
    assert finding.level == 2
    assert finding.evidence[0].fact == "The platform UUID changed 2 times, between 2 values."


def test_hit_another_serial_number_once_is_level_one() -> None:
    (finding,) = found(device(hosts=(host("PF-1", "a"), host("PF-2", "b"))))
    assert (finding.level, len(finding.evidence)) == (1, 2)


def test_miss_a_copy_on_hardware_that_tells_the_same_ids() -> None:
    assert found(device(hosts=(host("PF-1", "a"), host("PF-1", "a", "12.1")))) == []


def test_honest_twin_a_fork_grows_old_after_a_restore() -> None:
    assert found(device(event("forked", 31))) == []


@pytest.mark.parametrize("kind", ["gap", "late", "new_epoch", "too_much"])
def test_honest_twin_lost_and_late_reports_are_no_second_machine(kind: str) -> None:
    assert found(device(event(kind))) == []


def test_honest_twin_an_update_of_the_system_changes_the_section_and_not_the_machine() -> None:
    assert found(device(hosts=(host("PF-1", "a"), host("PF-1", "a", "13")))) == []


def test_honest_twin_the_company_s_new_key_makes_other_digests_of_the_same_serial() -> None:
    renewed = Keyer(b"another key for tests only", "second")
    assert found(device(hosts=(host("PF-1", "a"), host("PF-1", "a", keyer=renewed)))) == []


def test_honest_twin_a_serial_that_firmware_gives_to_every_unit_tells_nothing() -> None:
    constant = serial("CAFEBABE")
    assert isinstance(constant, Identifier)
    assert constant.constant
    hosts = (HostFacts(serial=constant), HostFacts(serial=serial("PF-1")))
    assert found(device(hosts=hosts)) == []


def test_honest_twin_what_was_there_before_enrolment_is_not_this_user_s() -> None:
    assert found(device(hosts=(host("PF-1"), host("PF-2")), from_day=-2)) == []


def test_could_not_look_at_ids_is_no_change() -> None:
    assert found(device(hosts=(host("PF-1", "a"), HostFacts(os="Debian GNU/Linux"), host("PF-1", "a", "13")))) == []
    assert found(view(outcome="not_permitted", host=())) == []
