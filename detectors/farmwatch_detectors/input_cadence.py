"""States that a pointer moves, or keys come, at the pace of a network and not of a hand's device.

Detects
    Gaps between events of one USB or software pointer on three days or more: next to none shorter than 9 ms, most of 9
    to 18 ms (level 1) or of 18 to 120 ms (level 2). Level 1 too: a keyboard on USB of whose gaps a third are shorter
    than 2 ms, as when keys arrive in bunches after a loss.
Why
    A mouse on USB reports every 8 ms or faster while it moves. A KVM's web page sends a move every 10 ms at best
    (PiKVM), or once in half a round trip to its operator (TinyPilot). A constant delay shows in no gap; pace, jitter
    and loss do.
Innocent explanations
    A mouse of low rate or in power saving; a pen tablet; a remote desktop; a laptop under load, which blurs
    gaps; macro keys and bar-code scanners. Bluetooth and built-in devices are as slow, and are left out.
Blind spots
    Opt-in, and told on Linux and Windows only. A KVM's own program that evens moves out. Relative moves that a
    firmware sends at its own pace.
Triage
    Read the range as what it is: a pace. Compare with the laptop's own round trip to the company.
References
    pikvm/kvmd and tiny-pilot web clients (10 ms; half a round trip); Kuzminykh et al., arXiv 2012.03577 (a network's
    mark on the times of keys); USB 2.0, 9.6.6.
"""

from collections.abc import Sequence

from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.input_timing import InputTiming

from .detector import Detector, Findings, quote
from .input_days import midnight
from .input_pace import BUNCHED, FAST, SLOW, WEB, middle, paced_devices, part
from .machine import is_virtual
from .view import DeviceView

FEW_DAYS = 3
#: Per cent of a day's gaps.
HARDLY, MOST, THIRD = 10, 60, 30


def detect(device: DeviceView) -> Findings:
    """Yields one finding per device that gave input at a network's pace on `FEW_DAYS` days or more."""
    for its, rows in paced_devices(device) if not is_virtual(device) else ():
        name = f"{its.bus} {its.vendor_id}:{its.product_id}"
        if its.function == "keyboard":
            bunched = [row for row in rows if part(row, BUNCHED) >= THIRD and its.bus == "usb"]
            if len(bunched) >= FEW_DAYS:
                yield _finding(1, "Keys", name, bunched, "in bunches, under 2 ms apart")
            continue
        paced = [row for row in rows if part(row, FAST) <= HARDLY and part(row, WEB) >= MOST]
        slow = [row for row in paced if part(row, SLOW) >= MOST]
        if len(paced) >= FEW_DAYS:
            level, shown = (2, slow) if len(slow) >= FEW_DAYS else (1, paced)
            least, most = middle(shown)
            yield _finding(level, "Moves", name, shown, f"{least:g} to {most:g} ms apart")


def _finding(level: int, what: str, name: str, rows: Sequence[InputTiming], pace: str) -> Finding:
    usual = "Mice on USB report every 8 ms or faster" if what == "Moves" else "Fingers are slower"
    innocent = "a slow mouse or pen tablet" if what == "Moves" else "macro keys or a scanner"
    sentence = (
        f"{what} of {name} came {pace} on {len(rows)} days. {usual}, a KVM's page or network does not. "
        f"Could it be {innocent}? Check: is it so with another device?"
    )
    fact, source = "{} % of gaps up to 9 ms, {} % of 18 to 120 ms.", "pikvm/kvmd and tiny-pilot/tinypilot, web clients"
    quotes = (
        quote("input_timing", f"{name} on {row.day}", fact.format(part(row, FAST), part(row, SLOW)), source)
        for row in rows[-5:]
    )
    return DETECTOR.finding(level, sentence, quotes, f"{what.casefold()} {name}", since=midnight(rows[0]))


DETECTOR = Detector(
    id="input_cadence",
    group="I",
    title="Input at the pace of a network",
    attack=("T1219.003",),
    consumes=("input_timing", "host"),
    detect=detect,
)
