"""A labelled fleet: what a scenario makes, and what the bench judges. Format on disk: docs/scenarios.md.

Labels never travel with reports: a report holds nothing that says what its device is, not even by name or order.
"""

from collections.abc import Callable, Iterator

import msgspec

VERSION = 1

#: Seeds that weights may be tuned on, and seeds that figures are quoted from. Never the same.
TUNING_SEEDS = (1, 2, 3, 4, 5)
HELD_OUT_SEEDS = (201, 202, 203, 204, 205)


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What a device of a sample truly is.

    device  id, as in its reports
    farm    driven by somebody far away
    kind    class for which recall is told: `kvm_default`, `kvm_spoofed`, `kvm_every_spoof`, `software` (a remote tool
            and one more group), `tool_known`, `tool_renamed`, `vpn` (a consumer VPN that is up, or a mesh that takes
            all traffic), `farm`. Told without a bar: `software_pair` (two driven laptops behind one gateway),
            `software_travel_router`, `travel_router`, `mesh` (one that takes not all traffic), `tampered` (its agent
            is kept from seeing or telling). `ordinary` or `trap` for the innocent
    since   UTC, ISO 8601: from when on what the label says is to be seen
    facets  what it is composed of, by name: kvm, disguise, software, platform, missing, trap ...
    """

    device: str
    farm: bool
    kind: str
    since: str
    facets: dict[str, str] = {}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One sample to be made: small enough for one process, independent of all others.

    scenario  name of the scenario
    seed      makes the sample again
    part      which fleet of this scenario and seed, from 0
    corpus    folder with public dumps for real hardware; "" for the facts in the lab's own tables
    """

    scenario: str
    seed: int
    part: int = 0
    corpus: str = ""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet over days, with the truth beside it.

    name     scenario, seed and part in words
    labels   one per device
    roster   CSV text as `farmwatch score --roster` takes it
    policy   YAML text as `farmwatch score --policy` takes it
    key      the company's identifier key, with which the reports' identifiers were made
    days     how long it lasts
    reports  yields every report's JSON bytes, by time; may be called again
    origins  CSV text: from when on a device's reports come from which public address, as a class; "" where not known
    sign_ins CSV text: people's sign-ins to the company's services, addresses as classes; "" where not known
    """

    name: str
    labels: tuple[Label, ...]
    roster: str
    policy: str
    key: bytes
    days: int
    reports: Callable[[], Iterator[bytes]]
    origins: str = ""
    sign_ins: str = ""
