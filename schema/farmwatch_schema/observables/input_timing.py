"""Rhythm of input, in coarse buckets: opt-in by policy. Never which key, button or place."""

from .base import Kind, Observable

#: Upper bounds of the buckets of gaps between two events, milliseconds; a last bucket is open. Chosen so that
#: 8 kHz, 1 kHz, 125 Hz, the 10 ms and 20-100 ms of web KVM clients and a hand fall into different ones
#: (pikvm/kvmd and tiny-pilot web clients; knowledge of the field in docs/privacy.md).
GAP_EDGES_MS: tuple[float, ...] = (0.5, 2, 6, 9, 12, 18, 30, 60, 120, 250, 1000)


class InputTiming(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="input_timing"):
    """Gaps between events of one device over one day.

    day        UTC, "2026-11-22"
    bus        as in InputDevice
    function   `keyboard` or `pointer`
    vendor_id, product_id  four lower hex digits; "" when it has none
    absolute   null when not known
    gaps       per cent of the gaps in each bucket of `GAP_EDGES_MS` and the open one, rounded to 5
    events     how many gaps were counted: "50-499", "500-4999", "5000+"; with fewer neither is told, and the rest
               only when there is a period
    period_seconds  the gap between bursts, when short bursts (a quarter of the gap at most) follow each other evenly
               (within 5 %) for ten times or more, rounded to the second; null otherwise
    """

    day: str
    bus: str
    function: str
    vendor_id: str = ""
    product_id: str = ""
    absolute: bool | None = None
    gaps: tuple[int, ...] = ()
    events: str = ""
    period_seconds: int | None = None


KIND = Kind("input_timing", "state", (InputTiming,))
