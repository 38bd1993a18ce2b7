"""What the runner makes of a probe that sees, sees nothing, may not look, breaks, hangs or burns."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import Host, HostError, Missing, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.linux.live import BOOT_ID
from farmwatch_agent.limits import Limit, Watch
from farmwatch_agent.numbering import Numbering
from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer, unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.usb import UsbDevice
from farmwatch_schema.report import Section

from .fake_host import FakeHost

KEYER = Keyer.from_key(b"k" * 32)
KEYBOARD = UsbDevice(vendor_id="046d", product_id="c31c", product="Keyboard")
MOUSE = UsbDevice(vendor_id="046d", product_id="c077", product="Mouse")

Collect = Callable[[Any], Iterator[Observable]]


def fake_host(now: float = 1_790_000_000.0, **files: Any) -> Host:
    return cast("Host", FakeHost({BOOT_ID: b"11111111-2222-3333-4444-555555555555\n", **files}, now))


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Callable[[Collect], None]:
    def use(collect: Collect) -> None:
        monkeypatch.setattr(runner, "_collect_of", lambda _name, _platform: collect)

    return use


def section_of(health: Health | None = None, limit: Limit | None = None, now: float = 1_790_000_000.0,
               log: list[str] | None = None) -> Section:  # fmt: skip
    lines = [] if log is None else log
    (section,) = runner.run(fake_host(now), KEYER, health or Health(), ["usb"], limit, lines.append)
    return section


def items_of(section: Section) -> list[Observable]:
    assert isinstance(section.items, msgspec.Raw)
    return codec.decode_items(section.kind, section.items)


def test_what_was_seen_is_found_with_a_digest_of_its_bytes(probe: Callable[[Collect], None]) -> None:
    probe(lambda host: iter([MOUSE, KEYBOARD]))
    section = section_of()
    assert (section.outcome, section.reason) == ("found", "")
    assert isinstance(section.items, msgspec.Raw)
    assert section.digest == codec.digest_of(section.items)
    assert section.observed_at == "2026-09-21T14:13:20Z"


def test_the_bytes_do_not_depend_on_the_order_of_sight(probe: Callable[[Collect], None]) -> None:
    probe(lambda host: iter([MOUSE, KEYBOARD]))
    one = section_of()
    probe(lambda host: iter([KEYBOARD, MOUSE, KEYBOARD]))
    assert section_of().digest == one.digest


def test_a_probe_that_sees_nothing_is_none(probe: Callable[[Collect], None]) -> None:
    probe(lambda host: iter([]))
    section = section_of()
    assert (section.outcome, section.digest, section.items) == ("none", "", msgspec.UNSET)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(NotPermitted, "not_permitted"), (NotSupported, "not_supported"), (SourceBroken, "broken"), (Missing, "none")],
)
def test_each_error_of_the_host_has_its_outcome(
    probe: Callable[[Collect], None], error: type[HostError], outcome: str
) -> None:
    def collect(host: Host) -> Iterator[Observable]:
        raise error("/sys/bus/usb: may not be read")
        yield KEYBOARD

    probe(collect)
    section = section_of()
    assert section.outcome == outcome
    assert section.reason == ("" if error is Missing else "/sys/bus/usb: may not be read")
    assert section.items is msgspec.UNSET


def test_gaps_alone_are_never_found_nor_clean(probe: Callable[[Collect], None]) -> None:
    probe(lambda host: iter([Gap(what="descriptors", outcome="not_permitted")]))
    section = section_of()
    assert (section.outcome, section.reason) == ("not_permitted", "not seen: descriptors")
    assert items_of(section) == [Gap(what="descriptors", outcome="not_permitted")]


def test_a_gap_beside_facts_leaves_it_found_and_says_what_is_missing(probe: Callable[[Collect], None]) -> None:
    probe(lambda host: iter([KEYBOARD, Gap(what="descriptors of 1-2", outcome="broken")]))
    section = section_of()
    assert (section.outcome, section.reason) == ("found", "not seen: descriptors of 1-2")


def test_what_was_seen_before_an_error_is_kept_beside_a_gap(probe: Callable[[Collect], None]) -> None:
    def collect(host: Host) -> Iterator[Observable]:
        yield KEYBOARD
        raise NotPermitted("1-2: may not be read")

    probe(collect)
    section = section_of()
    assert (section.outcome, section.reason) == ("found", "1-2: may not be read")
    assert Gap(what="the rest of usb", outcome="not_permitted") in items_of(section)


def test_a_bug_in_a_probe_is_broken_and_its_traceback_goes_to_the_log_only(probe: Callable[[Collect], None]) -> None:
    def collect(host: Host) -> Iterator[Observable]:
        raise KeyError("secret serial")
        yield KEYBOARD

    probe(collect)
    log: list[str] = []
    section = section_of(log=log)
    assert section.outcome == "broken"
    assert "KeyError in probe usb" in section.reason
    assert "secret" not in section.reason
    assert "Traceback" in log[0]


def test_identifiers_leave_keyed_only(probe: Callable[[Collect], None]) -> None:
    probe(lambda host: iter([UsbDevice(vendor_id="046d", product_id="c31c", serial=unkeyed("serial", "5CG1234XYZ"))]))
    section = section_of()
    assert isinstance(section.items, msgspec.Raw)
    assert b"5CG1234XYZ" not in bytes(section.items)
    (device,) = items_of(section)
    assert isinstance(device, UsbDevice)
    assert device.serial == KEYER.key("serial", "5CG1234XYZ")


def test_what_no_report_can_hold_breaks_its_own_section_only(probe: Callable[[Collect], None]) -> None:
    probe(lambda host: iter([UsbDevice(vendor_id="046d", product_id=cast("str", object()))]))
    section = section_of()
    assert section.outcome == "broken"
    assert "no report can hold" in section.reason


def test_more_observables_than_a_section_takes_end_in_a_gap(probe: Callable[[Collect], None]) -> None:
    probe(lambda host: (UsbDevice(vendor_id="1d6b", product_id=f"{n:04x}") for n in range(6_000)))
    section = section_of(limit=Limit(wall_seconds=20, cpu_seconds=20))
    items = items_of(section)
    assert len(items) == codec.MAX_ITEMS
    assert section.reason == "not seen: more than 5000 observables"


def hang(host: Host) -> Iterator[Observable]:
    yield KEYBOARD
    time.sleep(30)
    raise RuntimeError("nobody stopped it")


def burn(host: Host) -> Iterator[Observable]:
    began = time.thread_time()
    while time.thread_time() - began < 20:
        pass
    raise RuntimeError("nobody stopped it")
    yield KEYBOARD


def drip(host: Host) -> Iterator[Observable]:
    while True:
        yield KEYBOARD
        time.sleep(0.01)


# One limit is tight and the other out of reach, so that a busy machine cannot decide which of them ends a probe.
SHORT = Limit(wall_seconds=0.2, cpu_seconds=60)
FRUGAL = Limit(wall_seconds=600, cpu_seconds=0.1)


@pytest.mark.parametrize(
    ("collect", "limit", "words"),
    [
        (hang, SHORT, "took more than 0.2 s and"),
        (burn, FRUGAL, "0.1 s of CPU time"),
        (drip, SHORT, "took more than 0.2 s and"),
    ],
)
def test_a_probe_that_hangs_or_burns_is_stopped(
    probe: Callable[[Collect], None], collect: Collect, limit: Limit, words: str
) -> None:
    probe(collect)
    section = section_of(limit=limit)
    assert words in section.reason
    assert section.outcome == ("broken" if collect is burn else "found"), "what was seen before stays"


def test_a_limit_holds_between_observables_where_there_are_no_timers(probe: Callable[[Collect], None]) -> None:
    import threading

    probe(drip)
    found: list[Section] = []
    thread = threading.Thread(target=lambda: found.append(section_of(limit=SHORT)))
    thread.start()
    thread.join(60)
    assert "took more than 0.2 s" in found[0].reason


@pytest.mark.parametrize(("platform", "seconds"), [("linux", 5.0), ("windows", 5.0), ("macos", 10.0)])
def test_a_probe_that_waits_for_commands_is_given_longer(
    probe: Callable[[Collect], None], monkeypatch: pytest.MonkeyPatch, platform: str, seconds: float
) -> None:
    given: list[Limit] = []

    @contextmanager
    def limited(limit: Limit) -> Iterator[Watch]:
        given.append(limit)
        yield Watch(limit)

    monkeypatch.setattr(runner, "limited", limited)
    monkeypatch.setattr(FakeHost, "platform", platform)
    probe(lambda host: iter([KEYBOARD]))
    section_of()
    assert given == [Limit(wall_seconds=seconds, cpu_seconds=1.0)]


def test_three_kills_in_a_day_stop_a_probe_for_24_hours_and_name_it(probe: Callable[[Collect], None]) -> None:
    health, limit, start = Health(), Limit(wall_seconds=0.05, cpu_seconds=60), 1_790_000_000.0
    probe(hang)
    for number in range(3):
        assert "was stopped" in section_of(health, limit, start + number).reason
    (stopped,) = health.stopped_probes()
    assert (stopped.kind, stopped.until) == ("usb", "2026-09-22T14:13:22Z")
    probe(lambda host: iter([KEYBOARD]))
    section = section_of(health, now=start + 3600)
    assert section.outcome == "broken"
    assert section.reason.startswith("stopped until 2026-09-22T14:13:22Z, because it took more than")
    assert section_of(health, now=start + 86_403).outcome == "found"
    assert health.stopped_probes() == []


def test_two_kills_a_day_apart_stop_nothing(probe: Callable[[Collect], None]) -> None:
    health, limit = Health(), Limit(wall_seconds=0.05, cpu_seconds=60)
    probe(hang)
    for day in range(4):
        section_of(health, limit, 1_790_000_000.0 + day * 86_400)
    assert health.stopped_probes() == []


def test_a_kind_without_a_probe_is_not_supported_and_never_none() -> None:
    host = fake_host()
    host.platform = "plan9"
    for section in runner.run(host, KEYER, Health()):
        assert section.outcome == "not_supported"
        assert "plan9" in section.reason


def section(kind: str, items: bytes) -> Section:
    return Section(kind=kind, outcome="found", observed_at="x", digest=codec.digest_of(items), items=msgspec.Raw(items))


def test_a_state_that_did_not_change_travels_without_its_items() -> None:
    usb, new = section("usb", b"[1]"), section("displays", b"[2]")
    numbering = Numbering(device="d", epoch="e", sequence=7, previous="p", digests={"usb": usb.digest})
    report = runner.build(fake_host(), numbering, [usb, new])
    assert [it.items for it in report.sections] == [msgspec.UNSET, msgspec.Raw(b"[2]")]
    assert (report.sequence, report.previous, report.uptime_seconds) == (7, "p", 3600)


def test_a_kind_that_is_not_known_as_a_state_is_always_sent() -> None:
    sample = section("latency", b"[1]")
    numbering = Numbering(device="d", epoch="e", digests={"latency": sample.digest})
    assert runner.build(fake_host(), numbering, [sample]).sections[0].items == msgspec.Raw(b"[1]")


def test_the_boot_is_a_digest_and_empty_where_it_cannot_be_told() -> None:
    assert len(runner.boot_of(fake_host())) == 16
    assert runner.boot_of(cast("Host", FakeHost())) == ""


def test_a_small_clock_offset_is_left_alone_and_a_large_one_corrects_the_times() -> None:
    numbering = Numbering(device="d", epoch="e")
    assert runner.build(fake_host(), numbering, [], 120.0).created_at == "2026-09-21T14:13:20Z"
    assert runner.build(fake_host(), numbering, [], -86_400.0).created_at == "2026-09-20T14:13:20Z"
