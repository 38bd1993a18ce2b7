"""The rhythm of input, in coarse buckets: opt-in by policy.

Reads
    What the running reader, or on Windows the helper in a user's session, counted while it watched
    (`host/input_watch.py`): gaps between two events of one device in twelve buckets, over a day; how far apart
    bursts are, where they follow each other evenly.
Why
    A mouse reports 125 times a second and more, the page of a web KVM a tenth of that, and a program that fakes
    presence every so many seconds to the tick.
Never reads
    Which key, button or place. No time of a single event is kept: a gap becomes one more in a bucket at once, and
    a day's buckets have no order. Of fewer than 50 gaps nothing is told.
Rights
    As for `input_source`. Linux: events must be readable; counters tell no gaps.
Blind spots
    Measured in two seconds of each thirty, and of a device at most 256 gaps in them: longer pauses fall out.
    Windows: gaps are those with which messages are fetched, and nothing below a millisecond is told apart. macOS
    tells none. A rhythm that varies by more than 5 % (PiKVM's own jiggler does) is none here. A remote desktop, a
    Bluetooth mouse that saves power and a tablet are as slow as a web KVM.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.input_timing import InputTiming

from ...probe import Probe

PROBE = Probe(
    kind="input_timing",
    emits=(InputTiming, Gap),
    interval_seconds=1800,
    platforms=("linux", "windows"),
    opt_in=True,
)
