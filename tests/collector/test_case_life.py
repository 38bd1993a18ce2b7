"""A case from report to return, with shipped detectors, the due loop and the real store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from farmwatch_collector.assessment import Assessment
from farmwatch_collector.cases import Case
from farmwatch_collector.loop import DueLoop
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Incoming
from farmwatch_schema.codec import decode_report, digest_of, encode
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

from .laptops import Laptop, section
from .test_loop import Clock, enrolled

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEYER = Keyer(b"k" * 32, "test")
#: What PiKVM publishes of itself: pikvm/kvmd, configs/kvmd/main.yaml (otg: vendor 0x1D6B, product 0x0104, CAFEBABE).
PIKVM = UsbDevice(
    vendor_id="1d6b",
    product_id="0104",
    manufacturer="PiKVM",
    product="PiKVM Composite Device",
    serial=KEYER.key("serial", "CAFEBABE"),
    has_serial=True,
    port_path="1-4",
    interfaces=(
        UsbInterface(number=0, class_triple="03/01/01"),
        UsbInterface(number=1, class_triple="03/00/00"),
        UsbInterface(number=2, class_triple="08/06/50"),
    ),
)


class Life:
    """One laptop, one collector and their clock."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, Clock()
        self.laptop: Laptop = enrolled(store, "laptop-1")
        self.loop = DueLoop(store, KEYER, clock=self.clock, channels=("webhook",))
        self.loop.prepare()

    def report(self, *plugged: Observable) -> None:
        """Says what is plugged in, and has it judged a second later."""
        now = self.clock.now
        usb = section("usb", encode(plugged).decode(), at=now.timestamp())
        uptime = 3600 + int((now - START).total_seconds())
        data = self.laptop.report(usb, uptime_seconds=uptime, created_at=now.isoformat())
        (answer,) = self.store.commit([Incoming(decode_report(data), digest_of(data), now)])
        assert answer.status == "accepted"
        self.judge()

    def judge(self, after: timedelta = timedelta(seconds=1)) -> None:
        self.clock.now += after
        while self.loop.once():
            self.clock.now += timedelta(seconds=1)

    @property
    def assessment(self) -> Assessment:
        row = self.store.device("laptop-1")
        assert row is not None
        assert row.assessment is not None
        return row.assessment

    @property
    def cases(self) -> list[Case]:
        return self.store.cases_of("laptop-1")


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    yield Life(store)
    store.close()


def test_a_sanctioned_kvm_is_quiet_until_its_day_and_then_comes_back(life: Life) -> None:
    life.report(PIKVM)
    (case,) = life.cases
    assert (case.standing, case.groups) == ("new", ("H",))
    until = (life.clock.now + 20 * DAY).date()
    life.store.close_case(case.id, life.clock.now, "ann", "sanctioned", "KVM of the lab", str(until))
    life.judge()
    assert life.assessment.attention == "none"
    assert {each.sanctioned.split(",")[0] for each in life.assessment.findings if each.level} == {"case 1"}
    for _ in range(19):
        life.clock.now += DAY
        life.report(PIKVM)
    assert life.assessment.attention == "none"
    assert len(life.cases) == 1
    life.clock.now = datetime(2026, 11, 23, tzinfo=UTC)
    life.report(PIKVM)
    back, _ = life.cases
    assert (back.standing, back.previous) == ("returned", 1)
    assert len(life.store.notices_waiting()) == 2


def test_a_second_kvm_beside_the_sanctioned_one_brings_the_device_back(life: Life) -> None:
    life.report(PIKVM)
    life.store.close_case(1, life.clock.now, "ann", "sanctioned", "KVM of the lab")
    life.judge()
    life.report(PIKVM, msgspec.structs.replace(PIKVM, port_path="1-9"))
    back, closed = life.cases
    assert (back.state, back.standing, closed.state) == ("open", "returned", "closed")
    assert back.level in ("review", "urgent", "near_certain")


def test_a_confirmed_kvm_that_stays_makes_no_second_case(life: Life) -> None:
    life.report(PIKVM)
    life.store.close_case(1, life.clock.now, "ann", "confirmed", "handed to HR")
    for _ in range(48):
        life.clock.now += HOUR
        life.report(PIKVM)
    assert life.assessment.attention != "none"
    assert len(life.cases) == 1


def test_a_kvm_pulled_out_after_a_benign_close_leaves_nothing_behind(life: Life) -> None:
    life.report(PIKVM)
    life.store.close_case(1, life.clock.now, "ann", "benign", "a demonstration")
    life.judge()
    life.clock.now += HOUR
    life.report()
    assert life.assessment.attention == "none"
    assert len(life.cases) == 1


def test_a_collector_that_starts_again_opens_and_tells_nothing_twice(life: Life) -> None:
    life.report(PIKVM)
    again = DueLoop(life.store, KEYER, clock=life.clock, channels=("webhook",))
    again.prepare()
    life.store.set_due(["laptop-1"], life.clock.now)
    life.clock.now += timedelta(seconds=1)
    assert again.once() == 1
    assert (len(life.cases), len(life.store.notices_waiting())) == (1, 1)
