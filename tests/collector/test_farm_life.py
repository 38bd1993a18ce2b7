"""A farm from reports to its end, with shipped detectors, the due loop and the real store."""

import copy
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from farmwatch_collector import evaluate
from farmwatch_collector import loop as loop_module
from farmwatch_collector.assessment import Assessment
from farmwatch_collector.cases import Case
from farmwatch_collector.farm_keeping import AGAIN
from farmwatch_collector.farms.types import Farm
from farmwatch_collector.farms.watch import FarmWatch
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.loop import DueLoop
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Incoming
from farmwatch_collector.store.protocol_network import Origin
from farmwatch_collector.ties.types import Held
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import DeviceView, Rhythm, SectionView
from farmwatch_schema.codec import decode_report, digest_of, encode
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables.network import Gateway

from .laptops import Laptop, section
from .test_loop import Clock, enrolled

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEYER = Keyer(b"k" * 32, "test")
#: Addresses of a real maker's block, of no real device: those of documentation are virtual routers', which tie nobody.
SHELF = "3c:84:6a:00:00:01"
STRANGERS = 5
OTHERS = 6


class Life:
    """A few laptops of strangers on one shelf among others at home, one collector and their clock."""

    def __init__(self, store: Store, strangers: int = STRANGERS) -> None:
        self.store, self.clock = store, Clock()
        self.shelf = [f"laptop-{number}" for number in range(strangers)]
        self.others = [f"home-{number}" for number in range(OTHERS)]
        self.laptops: dict[str, Laptop] = {name: enrolled(store, name) for name in [*self.shelf, *self.others]}
        store.set_roster({name: RosterEntry(person=f"e-{name}") for name in self.laptops})
        self.loop = self.begin()

    @classmethod
    def resumed(cls, store: Store, before: "Life") -> "Life":
        """The same laptops at the same moment, and a collector that starts on a copy of their store."""
        life = cls.__new__(cls)
        life.store, life.clock = store, Clock()
        life.clock.now = before.clock.now
        life.shelf, life.others = list(before.shelf), list(before.others)
        life.laptops = copy.deepcopy(before.laptops)
        life.loop = life.begin()
        return life

    def begin(self) -> DueLoop:
        """A collector that starts on what is stored."""
        loop = DueLoop(self.store, KEYER, clock=self.clock, channels=("webhook",))
        loop.prepare()
        return loop

    def report(self, name: str, mac: str, address: str, made: datetime | None = None) -> None:
        """One report from behind a gateway and out by an address; it waited in the spool since it was made."""
        received, now = self.clock.now, made or self.clock.now
        gateway = Gateway(
            family="ipv4", interface="wlan0", address=KEYER.key("address", "192.0.2.1"), mac=KEYER.key("mac", mac)
        )
        network = section("network", encode([gateway]).decode(), at=now.timestamp())
        uptime = 3600 + int((now - START).total_seconds())
        data = self.laptops[name].report(network, uptime_seconds=uptime, created_at=now.isoformat())
        origin = Origin(
            KEYER.key("address", address), "residential", 64496, "Example Cable", "US", KEYER.key("address", address)
        )
        (answer,) = self.store.commit([Incoming(decode_report(data), digest_of(data), received, origin)])
        assert answer.status == "accepted"

    def day(self, away: Sequence[str] = ()) -> None:
        """Everybody reports; then all that is due is judged."""
        for name in self.shelf:
            if name not in away:
                self.report(name, SHELF, "198.51.100.1")
        for number, name in enumerate(self.others):
            self.report(name, f"3c:84:6a:00:01:{number:02x}", f"203.0.113.{number + 1}")
        self.judge()

    def days(self, count: int) -> None:
        for _ in range(count):
            self.day()
            self.clock.now += DAY

    def judge(self, after: timedelta = timedelta(minutes=2)) -> None:
        self.clock.now += after
        while self.loop.once():
            self.clock.now += timedelta(seconds=1)

    @property
    def farm(self) -> Farm:
        (found,) = self.store.farms(("open", "explained"))
        return found

    @property
    def case(self) -> Case:
        (found,) = [each for each in self.store.cases() if each.kind == "farm"]
        return found

    def members(self, each: Farm) -> list[str]:
        return [one.member.device for one in each.members if one.left_at is None]


def ties_of(life: Life, device: str) -> list[str]:
    """Detectors of fleet ties whose findings count for a device."""
    row = life.store.device(device)
    assert row is not None
    assert row.assessment is not None
    counted = [each for each in row.assessment.findings if each.group == "F" and each.level and not each.sanctioned]
    return sorted({each.detector for each in counted if not each.seen_until})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Life]:
    """After three days: the farm is there, with its case."""
    folder = tmp_path_factory.mktemp("grown")
    store = open_store(f"sqlite:///{folder}/farmwatch.db")
    life = Life(store)
    life.days(3)
    store.close()
    return folder / "farmwatch.db", life


@pytest.fixture
def life(grown: tuple[Path, Life], tmp_path: Path) -> Iterator[Life]:
    path, before = grown
    shutil.copy(path, tmp_path / "farmwatch.db")
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    yield Life.resumed(opened, before)
    opened.close()


def test_five_strangers_behind_one_gateway_are_a_farm_with_a_case_where_no_laptop_alone_is_one(life: Life) -> None:
    assert life.members(life.farm) == life.shelf
    assert life.farm.state == "open"
    assert (life.case.farm, life.case.members) == (life.farm.id, tuple(life.shelf))
    assert [each.kind for each in life.store.cases()] == ["farm"]
    assert [each.case for each in life.store.notices_waiting()] == [life.case.id]
    assert [each.id for each in life.store.farms_of("laptop-3")] == [life.farm.id]
    assert life.store.farms_of("home-3") == []


@pytest.mark.integration
@pytest.mark.parametrize(("closed_as", "place"), [("benign", "household"), ("sanctioned", "office")])
def test_a_farm_closed_as_a_known_place_is_explained_until_its_day_and_then_comes_back(
    life: Life, closed_as: str, place: str
) -> None:
    number, now = life.farm.id, life.clock.now
    last = (now + 4 * DAY).date()
    assert ties_of(life, "laptop-1")
    life.store.close_case(life.case.id, now, "ann", closed_as, "we know them", last.isoformat(), place=place)
    life.judge()
    assert life.farm.state == "explained"
    assert life.store.cases() == []
    assert ties_of(life, "laptop-1") == []
    life.days(3)
    assert (life.farm.id, life.farm.state) == (number, "explained")
    assert life.store.cases() == []
    life.days(3)
    assert (life.farm.id, life.farm.state) == (number, "open")
    assert (life.case.standing, life.case.previous) == ("returned", 1)
    assert "returned" in [each.action for each in life.store.farm_history(number)]


@pytest.mark.integration
def test_strangers_who_come_to_a_known_household_bring_the_farm_back_and_one_guest_does_not(life: Life) -> None:
    number = life.farm.id
    life.store.close_case(life.case.id, life.clock.now, "ann", "benign", "five students, one lease")
    life.judge()
    life.shelf.append(life.others.pop())
    life.days(2)
    assert life.farm.state == "explained"
    life.shelf += [life.others.pop() for _ in range(3)]
    life.days(3)
    assert (life.farm.id, life.farm.state, len(life.members(life.farm))) == (number, "open", 9)
    assert (life.case.standing, life.case.previous) == ("returned", 1)


def test_opening_the_case_again_takes_the_explanation_back(life: Life) -> None:
    case = life.case.id
    life.store.close_case(case, life.clock.now, "ann", "benign", "five students, one lease")
    life.judge()
    assert life.farm.state == "explained"
    life.store.reopen_case(case, life.clock.now, "bob", "there is no lease")
    life.judge()
    assert (life.farm.state, life.case.id) == ("open", case)
    assert ties_of(life, "laptop-1")


# starting again ------------------------------------------------------------------------------------
def test_a_collector_that_was_killed_goes_on_with_the_same_farm_and_tells_nothing_twice(life: Life) -> None:
    number, case = life.farm.id, life.case.id
    life.loop = life.begin()  # the other one is never stopped, and never asked again
    life.days(1)
    assert (life.farm.id, life.case.id, len(life.store.notices_waiting())) == (number, case, 1)


@pytest.mark.integration
def test_one_killed_before_it_knew_the_number_of_a_new_farm_does_not_find_it_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(store)

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(FarmWatch, "named", killed)
        with pytest.raises(SystemExit):
            life.days(3)
    number = life.farm.id
    life.loop = life.begin()
    life.clock.now += DAY
    life.days(2)
    assert life.farm.id == number
    assert [each.action for each in store.farm_history(number)].count("found") == 1


@pytest.mark.parametrize("kept", [True, False], ids=["from rows", "from histories"])
def test_what_is_built_from_the_store_is_what_was_in_memory(store: Store, kept: bool) -> None:
    """Also from a store of a farmwatch that kept no rows: there it is made of each device's history, and kept."""
    life = Life(store, strangers=3)
    life.days(3)
    if not kept:
        life.store._run(lambda connection: connection.exec_driver_sql("DELETE FROM device_ties").close())  # type: ignore[attr-defined]
    again = life.begin()
    today = life.clock.now.date()
    for device in life.laptops:
        assert again.fleet.ties(device, today) == life.loop.fleet.ties(device, today)
        now = [(each.seen.kind, each.seen.value) for each in life.loop.fleet.held(device) if each.now]
        assert [(each.seen.kind, each.seen.value) for each in again.fleet.held(device) if each.now] == now
        if kept:
            assert again.fleet.held(device) == life.loop.fleet.held(device)
    assert len(list(life.store.device_ties())) == len(life.laptops)


@pytest.mark.parametrize("known", [False, True], ids=["from its first report on", "after a first day"])
def test_reports_that_waited_for_days_tell_where_a_laptop_was_on_each_of_them(store: Store, known: bool) -> None:
    """They come at once and are judged once: two days on a bench, then three at home, are still five days."""
    life = Life(store, strangers=1)
    began = life.clock.now
    if known:
        life.report("laptop-0", "3c:84:6a:00:02:01", "198.51.100.9")
        life.judge()
    life.clock.now = began + 5 * DAY
    for number in range(5):
        for hour in range(int(known and not number), 6):
            mac = "3c:84:6a:00:02:01" if number < 2 else SHELF
            life.report("laptop-0", mac, "198.51.100.1", began + number * DAY + hour * HOUR)
    life.judge()
    held = {each.seen.value: each for each in life.loop.fleet.held("laptop-0") if each.seen.kind == "gateway_mac"}
    bench, home = (held[bytes.fromhex(KEYER.key("mac", mac).digest)] for mac in ("3c:84:6a:00:02:01", SHELF))
    assert (bench.now, home.now) == (False, True)
    days = [(began + number * DAY).date() for number in range(5)]
    assert (on_days(bench), on_days(home)) == (days[:2], days[2:])
    assert datetime.fromtimestamp(home.first_at, UTC) == began + 2 * DAY
    (first,) = [each for each in life.loop.fleet.held("laptop-0") if each.seen.kind == "first_network"]
    assert first.seen.value == bench.seen.value


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=20_000)])
def test_what_a_clock_that_is_ahead_tells_is_held_until_the_next_report_tells_otherwise(
    store: Store, ahead: timedelta
) -> None:
    life = Life(store, strangers=1)
    keeper, fleet = life.loop.farms, life.loop.fleet
    for number, wrong in enumerate((ahead, timedelta())):
        mac = KEYER.key("mac", f"3c:84:6a:00:03:0{number}")
        now = life.clock.now + number * HOUR
        hop = Gateway(family="ipv4", interface="eth0", mac=mac)
        there = SectionView(kind="network", outcome="found", observed_at=now + wrong, items=(hop,))
        keeper.observe(DeviceView(device="apart", now=now, enrolled_at=now, sections={"network": there}), now)
        held = [each.seen.value.hex() for each in fleet.held("apart") if each.now and each.seen.kind == "gateway_mac"]
        assert held == [mac.digest]


def on_days(held: Held) -> list[date]:
    """The UTC days on which a value was shown."""
    last = datetime.fromtimestamp(held.last_at, UTC).date()
    return sorted(last - back * DAY for back in range(32) if held.days >> back & 1)


def test_a_row_that_cannot_be_read_is_made_anew(life: Life) -> None:
    life.store.save_ties("laptop-2", b"\xc1 nothing that we ever wrote", life.clock.now)
    again = life.begin()
    assert again.fleet.ties("laptop-2", life.clock.now.date()) == life.loop.fleet.ties(
        "laptop-2", life.clock.now.date()
    )


# what it costs, and what must never happen ---------------------------------------------------------
def test_a_laptop_that_stays_as_it_is_has_its_ties_written_once_a_day(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(store, strangers=1)
    written: list[datetime] = []
    save = store.save_ties

    def counted(device: str, body: bytes, at: datetime) -> None:
        if device == "laptop-0":
            written.append(at)
        save(device, body, at)

    monkeypatch.setattr(store, "save_ties", counted)
    for _ in range(2 * 12):
        life.report("laptop-0", SHELF, "198.51.100.1")
        store.set_due(["laptop-0"], life.clock.now)
        life.judge()
        life.clock.now += HOUR
    days = {at.date() for at in written}
    assert len(written) <= len(days) + 1  # its first report of all, and the first one of each day


@pytest.mark.parametrize(
    "where", ["update", *(pytest.param(each, marks=pytest.mark.integration) for each in ("touch", "refresh", "load"))]
)
def test_when_looking_for_farms_fails_devices_are_judged_and_farms_are_found_a_while_later(
    store: Store, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    life = Life(store)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("in finding farms")

    with monkeypatch.context() as patched:
        patched.setattr(FarmWatch, where, broken)
        life.loop = life.begin()
        life.days(1)
        for name in life.laptops:
            row = store.device(name)
            assert row is not None
            assert (row.assessment is not None, row.problem) == (True, "")
    life.clock.now += AGAIN
    life.judge()
    assert life.members(life.farm) == life.shelf


def test_a_device_whose_values_cannot_be_read_is_judged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(store, strangers=1)

    def broken(*_: object) -> set[str]:
        raise ZeroDivisionError("in reading values")

    monkeypatch.setattr(Fleet, "observe", broken)
    life.report("laptop-0", SHELF, "198.51.100.1")
    life.judge()
    row = store.device("laptop-0")
    assert row is not None
    assert (row.assessment is not None, row.problem) == (True, "")


def test_whose_activity_fits_a_laptops_own_is_told_to_its_detectors(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    rhythm = Rhythm(device="laptop-1", other="laptop-2", kind="alternates", p=0.001, days=12)
    seen: dict[str, tuple[Rhythm, ...]] = {}

    def judge(view: Any, **options: Any) -> Assessment:
        seen[view.device] = view.rhythms
        return evaluate.judge(view, **options)

    def rhythms(_: FarmWatch, device: str) -> tuple[Rhythm, ...]:
        return (rhythm,) if device == "laptop-1" else ()

    monkeypatch.setattr(FarmWatch, "rhythms", rhythms)
    monkeypatch.setattr(loop_module, "judge", judge)
    life.day()
    assert (seen["laptop-1"], seen["home-1"]) == ((rhythm,), ())
