"""Lid, mains, battery, and who keeps the laptop awake."""

from .base import Kind, Observable


class PowerFacts(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="power_facts"):
    """The laptop's physical state.

    lid      `open`, `closed`; null when there is none or it is not known
    on_ac    on mains; null when not known
    battery  a system battery is fitted; null when not known
    charge   per cent, rounded to 10; null without battery
    cycles   charge cycles rounded down to 10; null when not known
    suspends since boot, as a bucket; null when not known
    """

    lid: str | None = None
    on_ac: bool | None = None
    battery: bool | None = None
    charge: int | None = None
    cycles: int | None = None
    suspends: str | None = None


class WakeLock(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="wake_lock"):
    """A program that holds the laptop awake.

    owner  name of the program
    what   `sleep`, `idle`, `shutdown`, `lid`, joined with ":"
    mode   `block` or `delay`
    """

    owner: str
    what: str
    mode: str = ""


KIND = Kind("power", "state", (PowerFacts, WakeLock))
