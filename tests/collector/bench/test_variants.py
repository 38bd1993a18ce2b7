"""What is taken away is taken away, and nothing else changes."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from farmwatch_collector.bench.contributions import contributions
from farmwatch_collector.bench.measures import OWN_KVM, calibration, delays, false_flags, precision
from farmwatch_collector.bench.outcomes import Case, Outcome, VariantOutcome
from farmwatch_collector.bench.variants import (
    SHAPE_FACTS,
    detector_variants,
    shape_variants,
    without_gadget_strings,
)
from farmwatch_collector.lab import equipment
from farmwatch_collector.lab.sample import Label
from farmwatch_detectors import ip_kvm_shape, usb_shape
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema.codec import decode_items
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables.usb import UsbDevice

from .tiny import KEY

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)


def view() -> DeviceView:
    keyed = msgspec.json.encode([equipment.pikvm("1-4")], enc_hook=Keyer.from_key(KEY).hook)
    section = SectionView(kind="usb", outcome="found", observed_at=NOW, items=tuple(decode_items("usb", keyed)))
    return DeviceView(device="d", now=NOW, enrolled_at=NOW, sections={"usb": section})


def test_every_fact_of_the_build_has_a_variant() -> None:
    source = Path(usb_shape.__file__).read_text(encoding="utf-8")
    stated = {(int(rank), family) for rank, family in re.findall(r'Fact\(\s*(\d), "(\w+)"', source)}
    # The gadget's own name is written with a condition: rank 1, or 4 where speed and version are not known.
    assert stated | {(1, "gadget"), (4, "support")} == set(SHAPE_FACTS)


def test_every_detector_has_a_variant_without_it() -> None:
    assert [each.name for each in detector_variants()] == [each.id for each in DETECTORS]


@pytest.mark.parametrize(("rank", "family"), [(1, "gadget"), (2, "pointer"), (3, "pointer"), (5, "bus")])
def test_a_fact_taken_away_is_quoted_no_more_and_the_others_are(rank: int, family: str) -> None:
    (whole,) = ip_kvm_shape.detect(view())
    (item,) = view().of("usb", UsbDevice)
    gone = {fact.text for fact in usb_shape.facts(item, virtual=None) if (fact.rank, fact.family) == (rank, family)}
    assert gone
    variant = next(each for each in shape_variants() if each.name == f"{rank} {family}")
    detector = variant.replaced["ip_kvm_shape"]
    assert detector is not None
    (left,) = detector.detect(view())
    assert {each.fact for each in whole.evidence} - {each.fact for each in left.evidence} == gone
    # The shipped detector is as it was.
    assert list(ip_kvm_shape.detect(view())) == [whole]


def test_without_gadget_strings_no_interface_bears_a_name_of_the_driver() -> None:
    (item,) = view().of("usb", UsbDevice)
    assert "HID Interface" in {interface.name for interface in item.interfaces}
    (bare,) = without_gadget_strings(view()).of("usb", UsbDevice)
    assert {interface.name for interface in bare.interfaces} <= {"", None}
    assert [each.class_triple for each in bare.interfaces] == [each.class_triple for each in item.interfaces]
    assert not any(fact.family == "gadget" for fact in usb_shape.facts(bare, virtual=None))


def outcome(
    number: int, *, farm: bool, bits: float = -2.0, days: float = 100.0, trap: str = "", **more: object
) -> Outcome:
    facets = {"trap": trap} if trap else {}
    kind = "kvm_spoofed" if farm else "trap" if trap else "ordinary"
    label = Label(device=f"d{number:04}", farm=farm, kind=kind, since=NOW.isoformat(), facets=facets)
    plain = Outcome(
        label=label,
        sample="made",
        platform="linux",
        first_at=NOW,
        days=days,
        active_at=NOW,
        review_at=None,
        cases=(),
        stated=(),
        judged=1,
        attention="none",
        points=0,
        evidence_bits=bits,
        floor=False,
        coverage=1.0,
    )
    return msgspec.structs.replace(plain, **more)


def flagged(number: int, trap: str = "") -> Outcome:
    return outcome(number, farm=False, trap=trap, cases=(Case(NOW, 60, ("H",)),))


def test_false_flags_are_held_by_the_upper_end_over_enough_days() -> None:
    # 20 in 100,000 device-days is the bar; the exact upper end of 11 cases is 19.68, of 12 it is 20.96 (Garwood).
    quiet = [outcome(number, farm=False) for number in range(1000)]
    at_bar = false_flags([*quiet[11:], *(flagged(number) for number in range(11))])
    assert (at_bar.device_days, at_bar.cases, at_bar.met) == (100_000.0, 11, True)
    assert at_bar.high == pytest.approx(0.1968, abs=1e-4)
    over = false_flags([*quiet[12:], *(flagged(number) for number in range(12))])
    assert over.met is False
    assert false_flags(quiet[:10]).met is None


def test_an_own_kvm_is_counted_by_itself() -> None:
    flags = false_flags([outcome(1, farm=False), flagged(2, OWN_KVM), flagged(3, "gamer")])
    assert (flags.devices, flags.cases) == (2, 1)
    assert flags.own_kvm is not None
    assert flags.own_kvm.cases == 1
    assert [trap.name for trap in flags.traps] == ["gamer", "ordinary"]


def test_precision_counts_farms_among_the_highest_and_ties_for_the_innocent() -> None:
    farms = [outcome(number, farm=True, bits=10.0) for number in range(40)]
    clean = [outcome(100 + number, farm=False) for number in range(50)]
    best = precision([*farms, *clean])
    assert best is not None
    assert (best.mean, best.low, best.high) == (1.0, 1.0, 1.0)
    level = precision([*farms, *clean, *(outcome(200 + number, farm=False, bits=10.0) for number in range(20))])
    assert level is not None
    assert level.mean == 0.0
    assert precision(farms) is None


def test_what_is_never_found_is_late_for_ever() -> None:
    found = [outcome(number, farm=True, review_at=NOW + timedelta(hours=2)) for number in range(8)]
    (delay,) = delays([*found, outcome(8, farm=True), outcome(9, farm=True)])
    assert (delay.n, delay.found, delay.median, delay.p90) == (10, 8, 2.0, None)
    assert dict(delay.curve)[1.0] == 0.0
    assert dict(delay.curve)[2.0] == 0.8


def test_a_score_that_says_nothing_is_calibrated_and_worth_nothing() -> None:
    outcomes = [outcome(number, farm=number < 10, bits=0.0) for number in range(100)]
    found = calibration(outcomes)
    assert found is not None
    assert found.ratio == pytest.approx(1.0)
    assert found.log_loss == pytest.approx(found.base_log_loss)
    assert found.met is True


def test_evidence_that_is_right_costs_less_than_the_base_rate() -> None:
    outcomes = [outcome(number, farm=number < 10, bits=14.0 if number < 10 else -3.0) for number in range(100)]
    found = calibration(outcomes)
    assert found is not None
    assert found.log_loss < found.base_log_loss


def test_what_a_detector_adds_is_what_is_lost_without_it() -> None:
    lost = VariantOutcome("detector", "hid_emulator", (), None)
    farm = outcome(1, farm=True, review_at=NOW, variants=(lost,))
    other = outcome(2, farm=True, review_at=NOW)
    cleared = msgspec.structs.replace(flagged(3), variants=(VariantOutcome("detector", "hid_emulator", (), None),))
    by_name = {each.name: each for each in contributions([farm, other, cleared]) if each.kind == "detector"}
    assert by_name == {}  # it never stated a level, so there is nothing to tell
    from farmwatch_collector.bench.outcomes import Stated

    farm = msgspec.structs.replace(farm, stated=(Stated("H", "hid_emulator", "1-1", 2, NOW),))
    (without,) = [each for each in contributions([farm, other, cleared]) if each.kind == "detector"]
    assert (without.name, without.spoke, without.lost, without.cases, without.cases_with) == (
        "hid_emulator",
        1,
        1,
        0,
        1,
    )
    assert [(rate.name, rate.hits, rate.n) for rate in without.recall] == [("kvm_spoofed", 1, 2)]
