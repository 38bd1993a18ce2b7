"""Candidates for tests: so many laptops behind one thing, with what each worked case says of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import msgspec

from farmwatch_collector.farms.types import FarmBar, FarmFacts, FarmOdds, Member, Shared, Trait
from farmwatch_collector.ties.types import Node, Seen, Worth
from farmwatch_detectors.policy import Claim

AT = datetime(2026, 3, 31, 12, tzinfo=UTC)
SEATTLE = Claim(place="Seattle, WA, US", latitude=47.6062, longitude=-122.3321, country="US")
AUSTIN = Claim(place="Austin, TX, US", latitude=30.2672, longitude=-97.7431, country="US")
TACOMA = Claim(place="Tacoma, WA, US", latitude=47.2529, longitude=-122.4443, country="US")  # 40 km from Seattle


def names(count: int, stem: str = "laptop") -> tuple[str, ...]:
    return tuple(f"{stem}-{number:03}" for number in range(count))


def members(devices: Sequence[str], **fields: object) -> tuple[Member, ...]:
    """Laptops that stand there on each of 14 days, of people whom the records know."""
    usual = {"stay": 1.0, "days": 14, "known": True, "person": "somebody"}
    return tuple(Member(device=each, **{**usual, **fields}) for each in devices)  # type: ignore[arg-type]


def shared(
    devices: Sequence[str],
    bits: float,
    kind: str = "gateway_mac",
    *,
    unrelated: int | None = None,
    soft: bool = False,
    hand_over: bool = False,
    residents: Sequence[str] | None = None,
    value: bytes = b"",
) -> Shared:
    """A value that farms share 2**bits times as often as others do."""
    nature = (
        "place" if kind in ("gateway_mac", "bssid", "first_network") else "exit" if "egress" in kind else "hardware"
    )
    node = Node(
        seen=Seen(kind, value or kind.encode().ljust(16, b"\0"), soft=soft),
        nature=nature,  # type: ignore[arg-type]
        holders=tuple(sorted(devices)),
        count=len(devices),
        residents=tuple(sorted(devices if residents is None else residents)),
    )
    size = len(devices) if unrelated is None else unrelated
    worth = Worth(bits=bits, m=min(0.5, 2.0**bits * 0.0001), u=0.0001, size=size, measured=99_000)
    return Shared(node=node, members=tuple(sorted(devices)), unrelated=size, worth=worth, hand_over=hand_over)


def facts(
    people: Sequence[Member],
    *ties: Shared,
    visitors: int = 0,
    egress: str = "",
    traits: tuple[Trait, ...] = (),
    fleet: int = 100_000,
) -> FarmFacts:
    return FarmFacts(
        at=AT,
        fleet=fleet,
        members=tuple(people),
        shared=ties,
        visitors=visitors,
        egress={egress: len(people)} if egress else {},
        traits=traits,
    )


def bars(odds: FarmOdds) -> dict[str, float]:
    """Bits by bar, to two places; several of one key add up."""
    found: dict[str, float] = {}
    for each in odds.bars:
        found[each.key] = found.get(each.key, 0.0) + each.bits
    return {key: round(bits, 2) for key, bits in found.items() if round(bits, 2)}


def bar(odds: FarmOdds, key: str) -> FarmBar:
    return next(each for each in odds.bars if each.key == key)


def with_own(people: tuple[Member, ...], place: int, bits: float) -> tuple[Member, ...]:
    """The same people, one of whose laptops has evidence of its own."""
    one = msgspec.structs.replace(people[place], bits=bits, probability=1 / (1 + 2 ** -(bits - 13.2876)))
    return (*people[:place], one, *people[place + 1 :])


def day(text: str) -> date:
    return date.fromisoformat(text)
