"""time_zone_conflict: the laptop's clock against the claimed place's, and for how long."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.placing import Egress
from farmwatch_detectors.policy import Claim, RosterEntry
from farmwatch_detectors.time_zone_conflict import DETECTOR
from farmwatch_detectors.view import DeviceView, Span
from farmwatch_detectors.zones import apart_since
from farmwatch_schema.observables.host import HostFacts

from .views import KEYER, NOW, view

#: Offsets of 20 November from the IANA database: Chicago -6, New York -5, Berlin +1, Shanghai +8.
CHICAGO = HostFacts(time_zone="America/Chicago", utc_offset_minutes=-360)
NEW_YORK = HostFacts(time_zone="America/New_York", utc_offset_minutes=-300)
BERLIN = HostFacts(time_zone="Europe/Berlin", utc_offset_minutes=60)
SHANGHAI = HostFacts(time_zone="Asia/Shanghai", utc_offset_minutes=480)
US = Claim(place="Chicago, IL, US", latitude=41.9, longitude=-87.6, country="US")
PERSON = RosterEntry(person="p-1", time_zone="America/Chicago", claim=US)


def _found(device: DeviceView) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(device)]


def _laptop(
    facts: HostFacts, days: float, roster: RosterEntry | None = PERSON, before: HostFacts = CHICAGO
) -> DeviceView:
    moved = NOW - timedelta(days=days)
    spans = (
        Span(kind="host", item=before, seen_from=NOW - timedelta(days=60), seen_until=moved, from_start=True),
        Span(kind="host", item=facts, seen_from=moved),
    )
    return msgspec.structs.replace(view(host=[facts], history={"host": spans}), roster=roster)


def _seen_from(device: DeviceView, *exits: tuple[str, str]) -> DeviceView:
    seen = (
        Egress(address=KEYER.key("address", f"192.0.2.{n}"), seen_from=NOW, seen_until=NOW, kind=kind, country=country)
        for n, (country, kind) in enumerate(exits)
    )
    return msgspec.structs.replace(device, egress=tuple(seen))


def test_hit_a_clock_of_elsewhere_behind_a_home_of_the_claimed_country_is_level_two() -> None:
    [finding] = DETECTOR.detect(_seen_from(_laptop(SHANGHAI, 6), ("US", "residential")))
    assert (finding.level, finding.group) == (2, "N")
    assert "14 hours off" in finding.sentence, "from -6 to +8"
    assert finding.seen_from == "2026-11-14T12:00:00+00:00"


def test_hit_a_clock_off_for_a_fortnight_is_level_one() -> None:
    assert _found(_laptop(BERLIN, 15)) == [1]
    assert _found(_laptop(BERLIN, 15, roster=RosterEntry(person="p", time_zone="", claim=US))) == [1]


def test_miss_the_claimed_zone_and_its_neighbour() -> None:
    assert _found(_laptop(CHICAGO, 30)) == []
    assert _found(_laptop(NEW_YORK, 30)) == [], "an hour is a neighbour's, and summer time's"


@pytest.mark.parametrize(
    ("exits"),
    [
        (("DE", "residential"),),
        (("US", "company"),),
        (("US", "mobile"),),
        (("US", "residential"), ("DE", "mobile")),
        (),
    ],
    ids=["abroad", "company VPN", "roaming", "both", "not known"],
)
def test_honest_twin_a_trip_is_no_finding_and_never_level_two(exits: tuple[tuple[str, str], ...]) -> None:
    assert _found(_seen_from(_laptop(BERLIN, 9), *exits)) == []
    assert _found(_seen_from(_laptop(BERLIN, 20), *exits)) == [1]


def test_honest_twin_who_comes_home_between_begins_anew() -> None:
    back = NOW - timedelta(days=3)
    spans = (
        Span(kind="host", item=BERLIN, seen_from=NOW - timedelta(days=30), seen_until=NOW - timedelta(days=5)),
        Span(kind="host", item=CHICAGO, seen_from=NOW - timedelta(days=5), seen_until=back),
        Span(kind="host", item=BERLIN, seen_from=back),
    )
    device = msgspec.structs.replace(view(host=[BERLIN], history={"host": spans}), roster=PERSON)
    assert apart_since(device, 120) == back
    assert _found(device) == []


def test_honest_twin_summer_time_is_not_a_conflict() -> None:
    # In March the United States change three weeks before Europe; in Chicago the offset is -300 then.
    now = datetime(2026, 3, 15, 12, tzinfo=UTC)
    summer = HostFacts(time_zone="America/Chicago", utc_offset_minutes=-300)
    spans = (Span(kind="host", item=CHICAGO, seen_from=now - timedelta(days=60), seen_until=now - timedelta(days=7)),
             Span(kind="host", item=summer, seen_from=now - timedelta(days=7)))  # fmt: skip
    device = msgspec.structs.replace(view(host=[summer], history={"host": spans}), now=now, roster=PERSON)
    assert _found(device) == []


def test_honest_twin_universal_time_names_no_place() -> None:
    for zone in ("UTC", "Etc/UTC", "Etc/GMT"):
        assert _found(_laptop(HostFacts(time_zone=zone, utc_offset_minutes=0), 30)) == []


def test_honest_twin_one_zone_for_a_wide_country_is_no_conflict_by_longitude() -> None:
    # Kashgar lies at 76 degrees east, five hours by the sun; its clocks show Beijing's eight.
    kashgar = Claim(place="Kashgar, CN", latitude=39.5, longitude=76.0, country="CN")
    assert _found(_laptop(SHANGHAI, 30, roster=RosterEntry(person="p", claim=kashgar), before=SHANGHAI)) == []


def test_could_not_look_is_no_finding() -> None:
    assert _found(view()) == []
    assert _found(_laptop(BERLIN, 30, roster=None)) == []
    assert _found(_laptop(BERLIN, 30, roster=RosterEntry(person="p"))) == []
    assert _found(_laptop(BERLIN, 30, roster=RosterEntry(person="p", time_zone="Mars/Olympus"))) == []
    assert _found(_laptop(HostFacts(time_zone="Europe/Berlin"), 30)) == [], "no offset was told"
    nobody_counted = msgspec.structs.replace(view(host=[BERLIN]), roster=PERSON)
    assert _found(nobody_counted) == []


def test_every_level_it_states_has_a_row() -> None:
    assert sorted(level_table(DETECTOR.id)) == [1, 2]
