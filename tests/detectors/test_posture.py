"""Nobody handles the laptop: each sign is ordinary, and a closed laptop at a dock must stay weak."""

from datetime import timedelta

import msgspec
import pytest

from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.posture import detect
from farmwatch_detectors.view import SectionView, Span
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.media import MediaUse
from farmwatch_schema.observables.power import PowerFacts

from .handled import CAMERA, SHELF, gateway, lived
from .input_days import only, share, workdays
from .views import NOW, view

WINDOWS = HostFacts(os="Windows 11 Pro", chassis="laptop", hypervisor="")


def test_hit_a_laptop_on_a_shelf_is_level_two() -> None:
    found = only(detect(lived()))
    assert found.level == 2
    assert {each.subject for each in found.evidence} == {"lid", "mains", "sleep", "network", "camera"}


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("power", msgspec.structs.replace(SHELF, suspends="2-4")),
        ("media", msgspec.structs.replace(CAMERA, in_use=True)),
        ("network", gateway(2)),
    ],
)
def test_hit_one_sign_of_a_person_leaves_level_one(kind: str, item: Observable) -> None:
    assert only(detect(lived([(kind, item)]))).level == 1


def test_hit_keys_under_a_closed_lid_rest_by_themselves_and_count_once() -> None:
    assert only(detect(lived())).absorbs == ("built_in_unused",)


def test_hit_days_without_any_hands_device_count_beside_a_closed_lid() -> None:
    days = workdays(8, (share("virtual", "keyboard", 50), share("virtual", "pointer", 90)))
    spans = tuple(Span(kind="input_source", item=each, seen_from=NOW) for each in days)
    device = lived()
    driven = msgspec.structs.replace(device, history={**device.history, "input_source": spans})
    assert only(detect(driven)).absorbs == ()


@pytest.mark.parametrize(("begun", "stated"), [(4, 0), (11, 1), (400, 1)])
def test_honest_twin_what_an_earlier_person_never_did_is_not_this_one_s(begun: int, stated: int) -> None:
    """Two weeks on a shelf say nothing of somebody who has had the laptop for four days."""
    start = (NOW - timedelta(days=begun)).date()
    handed = msgspec.structs.replace(lived(), roster=RosterEntry(person="p-1", start_on=start))
    assert len(list(detect(handed))) == stated


def test_miss_a_laptop_whose_lid_was_opened_once() -> None:
    assert list(detect(lived([("power", msgspec.structs.replace(SHELF, lid="open"))]))) == []


def test_miss_a_laptop_that_is_taken_along() -> None:
    train = PowerFacts(lid="open", on_ac=False, battery=True, charge=60, cycles=10, suspends="2-4")
    assert list(detect(lived([("power", train), ("network", gateway(2))]))) == []


def test_miss_a_laptop_that_is_known_for_a_week() -> None:
    assert list(detect(lived(days=7))) == []


def test_honest_twin_a_clamshell_desk_that_sleeps_at_night_and_is_in_meetings_stays_weak() -> None:
    docked = msgspec.structs.replace(SHELF, suspends="10-49")
    meeting = ("media", msgspec.structs.replace(CAMERA, in_use=True))
    assert only(detect(lived([meeting], power=docked))).level == 1


def test_honest_twin_windows_remembers_the_last_call() -> None:
    call = MediaUse(what="microphone", app="Teams", last_used=(NOW - timedelta(days=3)).date().isoformat())
    device = lived(host=WINDOWS, camera=None)
    media = SectionView(kind="media", outcome="found", observed_at=NOW, items=(call,))
    device = msgspec.structs.replace(device, sections={**device.sections, "media": media})
    assert only(detect(device)).level == 1


def test_honest_twin_a_laptop_that_is_switched_off_in_a_drawer_is_no_finding() -> None:
    device = msgspec.structs.replace(lived(), now=NOW + timedelta(days=4))
    assert list(detect(device)) == []


def test_could_not_look_what_is_not_told_counts_for_neither_side() -> None:
    no_lid = msgspec.structs.replace(SHELF, lid=None)
    assert list(detect(lived(power=no_lid))) == []
    found = only(detect(lived(camera=None)))
    assert "camera" not in {each.subject for each in found.evidence}


@pytest.mark.parametrize("outcome", ["not_permitted", "not_supported", "broken"])
def test_could_not_look_is_no_finding_and_no_silence(outcome: str) -> None:
    blind = SectionView(kind="power", outcome=outcome, observed_at=NOW)  # type: ignore[arg-type]
    device = msgspec.structs.replace(view(), sections={"power": blind})
    assert list(detect(device)) == []
    assert why_grey(device, silence_table()["P"]).startswith("power: ")


def test_silence_counts_for_a_laptop_that_somebody_handles_and_not_without_a_sign_of_it() -> None:
    row = silence_table()["P"]
    carried = lived([("power", msgspec.structs.replace(SHELF, lid="open"))])
    assert why_grey(carried, row) == ""
    assert why_grey(lived(), row) == "nothing was seen that needs a person at the laptop"
    assert why_grey(lived(days=3), row) == "power: 10 days must be known, 3 so far"


def test_silence_does_not_ask_for_what_windows_never_tells() -> None:
    carried = lived([("power", msgspec.structs.replace(SHELF, lid="open"))])
    power = carried.sections["power"]
    gap = Gap(what="wake locks", outcome="not_supported")
    told = msgspec.structs.replace(power, items=(*power.items, gap))
    device = msgspec.structs.replace(carried, sections={**carried.sections, "power": told})
    assert why_grey(device, silence_table()["P"]) == ""
