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

from collections.abc import Iterable
from datetime import timedelta

from farmwatch_schema.finding import Evidence, Finding

from .detector import Detector, Findings, quote
from .hardware import quoted
from .input_days import input_days, quarters
from .input_pace import even_rhythms
from .matching import deception_index
from .physical_use import lasting_locks
from .programs import evidence_of, recognised, surely
from .view import DeviceView

HELD = timedelta(days=7)
SOFTWARE = ("virtual", "injected", "other", "remote", "")
RHYTHM_DAYS, RESTLESS_DAYS, RESTLESS_QUARTERS = 2, 3, 92


def detect(device: DeviceView) -> Findings:
    """Yields one finding per program, per lock, for a rhythm and for days without rest."""
    for found in recognised(device, deception_index()):
        if found.product.category == "mouse-jiggler" and found.active and surely(found):
            name = found.product.name
            what = f"{name}, which moves the pointer by itself, runs here; few laptops have such a program"
            who, quotes = "somebody who wants no screen lock", evidence_of(found)
            yield _finding(1, what, who, "what it is for", quotes, found.product.id)
    for owner, lock in lasting_locks(device, HELD):
        what = f"The program {quoted(owner)} has kept the laptop awake for a week or more; most let it sleep"
        held = quote("power", f"wake lock of {owner}", f"Holds off {lock.what.replace(':', ' and ')}.")
        who = "a long build, music or a presentation"
        yield _finding(1, what, who, "what the program does", (held,), f"lock {owner}")
    even = even_rhythms(device)
    feigned = sorted({(row.day, row.period_seconds or 0) for row in even if row.bus in SOFTWARE})
    if len({day for day, _ in feigned}) >= RHYTHM_DAYS:
        what = f"Software gives input every {feigned[-1][1]} s, to within a twentieth, and no hand is that even"
        told = (quote("input_timing", day, f"Input every {period} s, evenly.") for day, period in feigned[-5:])
        who = "a presentation or a test that runs by itself"
        yield _finding(1, what, who, "which program it is", told, "rhythm")
    restless = [day for day in input_days(device) if quarters(day) >= RESTLESS_QUARTERS]
    if len(restless) >= RESTLESS_DAYS and all(row.bus in SOFTWARE for row in even):
        what = f"On {len(restless)} of 14 days input never paused for the night; people sleep"
        days = ((day.day, f"Input in {quarters(day)} of 96 quarters of an hour.") for day in restless[-5:])
        told = (quote("input_source", day, fact) for day, fact in days)
        yield _finding(2, what, "a dashboard or an automatic test", "what gives input at night", told, "restless")


def _finding(level: int, what: str, who: str, check: str, quotes: Iterable[Evidence], subject: str) -> Finding:
    return DETECTOR.finding(level, f"{what}. Could it be {who}? Check: {check}.", quotes, subject)


DETECTOR = Detector(
    id="keep_awake",
    group="P",
    title="Presence that is feigned",
    attack=("T1036",),
    consumes=("processes", "services", "software", "power", "input_timing", "input_source", "sockets", "host"),
    detect=detect,
)
