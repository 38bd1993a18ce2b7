"""What the ARP helper's numbers mean, the same on every platform."""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.arp import ArpPattern, ArpWatch

from ...host import Host, NotSupported
from ...host.arp_frames import ArpSender
from ...host.arp_look import MAX_INTERFACES, ArpLook
from ..bounds import at_most

SECONDS = 20
#: A sender that asks for so many addresses, of which fewer than this share answers, looks for something.
SCAN_TARGETS, SCAN_ANSWERED = 20, 0.2
MAX_PATTERNS = 200

_OUTCOMES: dict[str, Literal["not_permitted", "not_supported", "broken"]] = {
    "not_permitted": "not_permitted",
    "not_supported": "not_supported",
}


class Adapter(msgspec.Struct, frozen=True):
    """An adapter to look at: how the helper is asked for it, how it is told, its MAC ("" unknown)."""

    asked: str
    told: str
    mac: str = ""


def collect(host: Host, adapters: Sequence[Adapter]) -> Iterator[Observable]:
    """Yields an ArpWatch for each adapter and an ArpPattern for each sender that stands out; the best come first."""
    if not adapters:
        raise NotSupported("no network adapter is connected")
    asked = adapters[:MAX_INTERFACES]
    looks = host.rows(ArpLook, "/".join((str(SECONDS), *(it.asked for it in asked))))
    told = {it.asked: it.told for it in adapters}
    own = {it.mac.lower() for it in adapters if it.mac}
    refused = sorted({look.problem for look in looks if look.problem})
    for problem in refused:
        count = sum(look.problem == problem for look in looks)
        if problem != "missing":
            yield Gap(what="ARP frames", outcome=_OUTCOMES.get(problem, "broken"), count=bucket(count))
    for look in looks:
        if not look.problem:
            yield ArpWatch(
                interface=told.get(look.interface, look.interface),
                seconds=round(look.seconds / 10) * 10,
                frames=bucket(look.frames),
            )
    found = (pattern for look in looks for pattern in patterns(look, told.get(look.interface, look.interface), own))
    yield from at_most(found, MAX_PATTERNS, "senders of ARP")
    if len(adapters) > len(asked):
        yield Gap(what="ARP frames of further adapters", outcome="not_supported",
                  count=bucket(len(adapters) - len(asked)))  # fmt: skip


def patterns(look: ArpLook, interface: str, own: Collection[str]) -> Iterator[ArpPattern]:
    """Yields the senders of a look whose frames are not what address resolution needs."""
    for sender in look.senders:
        signs = signs_of(sender)
        if signs:
            yield ArpPattern(
                interface=interface,
                sender=unkeyed("mac", sender.sender) if sender.sender else None,
                own=sender.sender in own if sender.sender and own else None,
                signs=signs,
                frames=bucket(sender.frames),
                extra_bytes=sender.extra,
                distinct=bucket(sender.distinct),
                entropy=None if sender.entropy is None else round(sender.entropy),
                period_seconds=None if sender.period is None else round(sender.period, 1),
            )


def signs_of(sender: ArpSender) -> tuple[str, ...]:
    """Returns what is unusual about a sender's frames, sorted."""
    asks = sender.asked >= SCAN_TARGETS and sender.asked - sender.silent < SCAN_ANSWERED * sender.asked
    signs = {
        "padding_payload": sender.padded,
        "oversize": sender.oversize,
        "odd_fields": sender.odd,
        "rhythm": sender.period is not None,
        "burst_code": sender.code,
        "unanswered_scan": asks,
    }
    return tuple(sorted(sign for sign, seen in signs.items() if seen))
