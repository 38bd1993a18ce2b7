"""States that a program feigns presence, or that the laptop is kept awake without anybody.

Detects
    Level 1: a program that moves the pointer by itself (catalog/deception.yaml), with its own name or more; a wake
    lock of one program, held for seven days; an even rhythm in input that software gives, on two days. Level 2:
    input in 23 hours or more of three days in two weeks.
Why
    Whoever holds several jobs, or sleeps when the company works, needs laptops that look used. Firmware jiggles
    after 15 s (NanoKVM), 20 s (JetKVM), 60 s give or take a quarter (PiKVM), programs mostly after 30 or 60 s.
Innocent explanations
    Presentations, long builds and downloads, dashboards on a wall; caffeinate, PowerToys Awake and Amphetamine keep
    a screen on and feign nothing: they are no finding by name. Jigglers are in use by people who only want no lock.
Blind spots
    A script inside an interpreter; jiggle with random pauses, as PiKVM's. Windows does not tell who holds it awake.
    What a USB device or one over Bluetooth does in a rhythm is `hardware_jiggler`'s, and counts there alone.
Triage
    Ask what the program is for. Look whether anything but the rhythm happens at night.
References
    T1036 Masquerading; pikvm/kvmd, jetkvm/kvm and sipeed/NanoKVM sources; catalog/deception.yaml.
"""

from collections.abc import Iterator
from datetime import timedelta

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.input_timing import InputTiming
from farmwatch_schema.observables.power import WakeLock

from .detector import Detector
from .hardware import quoted
from .input_days import input_days
from .matching import deception_index
from .programs import evidence_of, recognised, surely
from .view import DeviceView

HELD = timedelta(days=7)
_HOLDS_OFF = {"idle", "sleep"}
_SOFTWARE = ("virtual", "injected", "other", "remote", "")
RHYTHM_SECONDS = range(5, 601)
RHYTHM_DAYS, RESTLESS_DAYS, RESTLESS_SLOTS = 2, 3, 92


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per program, per lock, for a rhythm and for days without rest."""
    for found in recognised(device, deception_index()):
        if found.product.category == "mouse-jiggler" and found.active and surely(found):
            what = (
                f"{found.product.name}, which moves the pointer by itself, runs here; few laptops have such a program"
            )
            innocent = "somebody who wants no screen lock"
            yield _finding(1, what, innocent, "what it is for", evidence_of(found), found.product.id)
    yield from _locks(device)
    timed = [span.item for span in device.spans("input_timing", device.now - timedelta(days=14))]
    rhythms = {row for row in (*timed, *device.of("input_timing", InputTiming)) if isinstance(row, InputTiming)}
    even = [row for row in rhythms if row.period_seconds in RHYTHM_SECONDS]
    feigned = sorted({(row.day, row.period_seconds or 0) for row in even if row.bus in _SOFTWARE})
    if len({day for day, _ in feigned}) >= RHYTHM_DAYS:
        seconds = feigned[-1][1]
        quotes = tuple(_quote("input_timing", day, f"Input every {period} s, evenly.") for day, period in feigned[-5:])
        what = f"Software gives input every {seconds} s, to within a twentieth, and no hand is that even"
        yield _finding(1, what, "a presentation or a test that runs by itself", "which program it is", quotes, "rhythm")
    restless = [day for day in input_days(device) if _slots(day.slots) >= RESTLESS_SLOTS]
    if len(restless) >= RESTLESS_DAYS and all(row.bus in _SOFTWARE for row in even):
        quotes = tuple(
            _quote("input_source", day.day, f"Input in {_slots(day.slots)} of 96 quarters of an hour.")
            for day in restless[-5:]
        )
        what = f"On {len(restless)} of 14 days input never paused for the night; people sleep"
        yield _finding(2, what, "a dashboard or an automatic test", "what gives input at night", quotes, "restless")


def _locks(device: DeviceView) -> Iterator[Finding]:
    owners: dict[str, WakeLock] = {}
    for span in device.spans("power"):
        lock = span.item
        old = span.seen_until is None and device.now - span.seen_from >= HELD
        if isinstance(lock, WakeLock) and old and lock.mode != "delay" and _HOLDS_OFF & set(lock.what.split(":")):
            owners.setdefault(lock.owner, lock)
    for owner, lock in sorted(owners.items()):
        what = f"The program {quoted(owner)} has kept the laptop awake for a week or more; most let it sleep"
        quotes = (_quote("power", f"wake lock of {owner}", f"Holds off {lock.what.replace(':', ' and ')}."),)
        yield _finding(
            1, what, "a long build, music or a presentation", "what the program does", quotes, f"lock {owner}"
        )


def _slots(slots: str) -> int:
    return (
        sum(f"{int(char, 16):b}".count("1") for char in slots if char in "0123456789abcdef") if len(slots) == 24 else 0
    )


def _quote(kind: str, subject: str, fact: str) -> Evidence:
    return Evidence(kind=kind, subject=subject, fact=fact)


def _finding(level: int, what: str, innocent: str, check: str, evidence: tuple[Evidence, ...], subject: str) -> Finding:
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=f"{what}. Could it be {innocent}? Check: {check}.",
        evidence=evidence,
        subject=subject,
    )


DETECTOR = Detector(
    id="keep_awake",
    group="P",
    title="Presence that is feigned",
    attack=("T1036",),
    consumes=("processes", "services", "software", "power", "input_timing", "input_source", "sockets", "host"),
    detect=detect,
)
