"""Whether a landmark's name led to its provider's network: an administrator's hosts file can lead it anywhere."""

from collections.abc import Callable

from .networks import NetworkFacts
from .types import Landmark

#: Networks that the shipped providers' names lead to, as commonly known and as `data/network_classes.csv` has most of
#: them. An address elsewhere is a question, not a proof: providers take new networks into use.
NETWORKS: dict[str, frozenset[int]] = {
    "aws": frozenset({16509, 14618, 8987}),
    "digitalocean": frozenset({14061}),
    "gcp": frozenset({15169, 396982, 19527, 139070, 139190}),
    "hetzner": frozenset({24940, 212317, 213230}),
    "ibm": frozenset({36351}),
    "linode": frozenset({63949, 20940}),
    "oracle": frozenset({31898}),
    "ovh": frozenset({16276}),
    "scaleway": frozenset({12876}),
    "vultr": frozenset({20473}),
}


def leads_elsewhere(landmark: Landmark, address: str, facts_of: Callable[[str], NetworkFacts]) -> bool:
    """Whether an address is none that a shipped landmark's name can have; without data only private ones are told.

    A time to it says nothing of the landmark then, neither for nor against anybody. A company's own landmark may stand
    anywhere, and signs.
    """
    if landmark.own or not address:
        return False
    facts = facts_of(address)
    if facts.kind == "private":
        return True
    expected = NETWORKS.get(landmark.provider)
    return bool(facts.asn and expected and facts.asn not in expected)
