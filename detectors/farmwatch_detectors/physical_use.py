"""Whether somebody handles the laptop: lid, mains, sleep, networks, camera, its own keys. Each alone says little."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.media import MediaDevice, MediaUse
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.observables.power import PowerFacts, WakeLock

from .input_days import unused_built_in
from .matching import platform_of
from .view import DeviceView, Seen

#: Looked back over so many days; with less than `LEAST` of them known nothing is said.
WINDOW, LEAST = timedelta(days=14), timedelta(days=10)
_HOLDS_OFF = {"idle", "sleep"}


class Trait(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person at a laptop does.

    name    `lid`, `mains`, `sleep`, `network`, `camera` or `keys`
    person  it was done in the window; False when it was looked for and never done; None when it is not told
    kind    section that tells it
    words   what was seen of it
    """

    name: str
    person: bool | None
    kind: str
    words: str


def known_since(device: DeviceView, kind: str) -> datetime | None:
    """Returns when a kind of section was first told in this person's time with the laptop; None when it never was."""
    first = min((span.seen_from for span in device.spans(kind)), default=None)
    return max(first, device.handed_over or first) if first else None


def known_long(device: DeviceView, kind: str, least: timedelta = LEAST) -> bool:
    """Whether a kind of section has been told for so long."""
    since = known_since(device, kind)
    return since is not None and device.now - since >= least


def traits(device: DeviceView) -> tuple[Trait, ...]:
    """Returns what is known of each trait; of a section that was not told for `LEAST` only what was done counts."""
    found = [*_power(device), _network(device), _camera(device), _keys(device)]
    return tuple(
        msgspec.structs.replace(each, person=None)
        if each.person is False and not known_long(device, each.kind)
        else each
        for each in found
    )


def signs_of_a_person(device: DeviceView) -> bool:
    """Whether anything was done to the laptop, in the window, that needs somebody beside it."""
    return any(trait.person for trait in traits(device))


def lasting_locks(device: DeviceView, least: timedelta) -> Iterator[tuple[str, WakeLock]]:
    """Yields the programs that have kept the laptop awake for so long, by name, each with its lock."""
    owners: dict[str, WakeLock] = {}
    for span in device.spans("power"):
        lock = span.item
        old = span.seen_until is None and device.now - span.seen_from >= least
        if isinstance(lock, WakeLock) and old and lock.mode != "delay" and _HOLDS_OFF & set(lock.what.split(":")):
            owners.setdefault(lock.owner, lock)
    yield from sorted(owners.items())


def _since(device: DeviceView) -> datetime:
    """Returns the window's beginning: what an earlier person did with the laptop is nothing that this one does."""
    begin = device.now - WINDOW
    return max(begin, device.handed_over or begin)


def _there(device: DeviceView, kind: str, observable: type[Seen]) -> list[Seen]:
    """Returns what was there at any time in the window, what is there now among it."""
    items: list[Observable] = [span.item for span in device.spans(kind, _since(device))]
    return [item for item in (*items, *device.of(kind, observable)) if isinstance(item, observable)]


def _power(device: DeviceView) -> list[Trait]:
    facts = _there(device, "power", PowerFacts)
    lids = {each.lid for each in facts} - {None}
    mains = {each.on_ac for each in facts} - {None}
    cycles = {each.cycles for each in facts} - {None}
    sleeps = {each.suspends for each in facts} - {None}
    unplugged = False in mains or len(cycles) > 1
    return [
        Trait(name="lid", kind="power", person="open" in lids if lids else None,
              words="The lid was opened." if "open" in lids else "The lid stayed closed."),
        Trait(name="mains", kind="power", person=unplugged if mains else None,
              words="It ran on its battery." if unplugged else "It never left mains."),
        Trait(name="sleep", kind="power", person=bool(sleeps - {"0"}) if sleeps else None,
              words="It slept." if sleeps - {"0"} else "It never slept."),
    ]  # fmt: skip


def _network(device: DeviceView) -> Trait:
    known = {each.mac.digest for each in _there(device, "network", Gateway) if each.mac is not None}
    moved = len(known) > 1
    return Trait(name="network", kind="network", person=moved if known else None,
                 words=f"It was behind {len(known)} gateways." if moved else "It never left one gateway.")  # fmt: skip


def _camera(device: DeviceView) -> Trait:
    """Uses come with their last day on Windows; elsewhere a device is seen in use or not at the moment of a look."""
    section = device.section("media")
    first = _since(device).date().isoformat()
    uses = [use for use in _there(device, "media", MediaUse) if use.what in ("camera", "microphone")]
    real = [each for each in _there(device, "media", MediaDevice) if not each.virtual and each.in_use is not None]
    used = any(not use.last_used or use.last_used >= first for use in uses) or any(each.in_use for each in real)
    told = section is not None and section.complete and (bool(real) or platform_of(device) == "windows")
    words = "Camera or microphone was used." if used else "Neither camera nor microphone was used."
    return Trait(name="camera", kind="media", person=True if used else False if told else None, words=words)


def _keys(device: DeviceView) -> Trait:
    """Only use counts here: that the keys rest is group I's to say."""
    used = unused_built_in(device, touched=5) == 0
    return Trait(name="keys", kind="input_source", person=True if used else None, words="Its own keys were used.")
