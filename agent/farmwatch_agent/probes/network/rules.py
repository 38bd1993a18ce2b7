"""Policy routing on Linux: whose default route takes what a program sends without asking for anything special.

wg-quick(8), Tailscale, Mullvad and NordVPN leave the main table alone: a rule sends all packets but their own, which
bear a mark, to a table in which the tunnel has the default route. Source: ip-rule(8), net/core/fib_rules.c.
"""

from collections.abc import Collection, Iterator

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.network import Route

from ...host import Host, HostError, NotSupported
from ...host.linux.rtnetlink import LOCAL_TABLE, FarRoute, PolicyRule
from ..asking import outcome_of

MAIN_TABLE = 254
DEFAULT = "default"
UNSEEN = "policy routing, which may send everything into a tunnel"
PARTLY = "how much of the traffic rules send into a tunnel"
_FAMILIES = ("ipv4", "ipv6")
_ENDS = frozenset({"blackhole", "unreachable", "prohibit"})
#: More rules than any laptop has.
_MAX_RULES = 1_000


def collect(host: Host, tunnels: Collection[str]) -> Iterator[Observable]:
    """Yields the routes outside the main table that take (nearly) all traffic, and what cannot be told.

    tunnels  names of interfaces that are tunnels
    """
    partly = answered = False
    for family in _FAMILIES:
        try:
            rules = host.rows(PolicyRule, family)
            routes = host.rows(FarRoute, family)
            answered = True
        except HostError as error:
            if answered and isinstance(error, NotSupported):
                break  # a kernel without IPv6 has no rules for it
            yield Gap(what=UNSEEN, outcome=outcome_of(error))
            return
        taken, unsure = judge(rules, routes, tunnels)
        partly = partly or unsure
        yield from (Route(destination=destination, interface=interface) for destination, interface in taken)
    if partly:
        yield Gap(what=PARTLY, outcome="not_supported")


def judge(
    rules: list[PolicyRule], routes: list[FarRoute], tunnels: Collection[str]
) -> tuple[list[tuple[str, str]], bool]:
    """Returns destination and interface of each far-reaching route that unmarked packets meet outside the main table,
    and whether a rule for some packets only leads into a tunnel.
    """
    found: list[tuple[str, str]] = []
    unsure = False
    from_priority = 0
    tables = {route.lookup: [it for it in routes if it.lookup == route.lookup] for route in routes}
    for rule in sorted(rules, key=lambda it: it.priority)[:_MAX_RULES]:
        if rule.priority < from_priority:
            continue
        usable = [
            it for it in tables.get(rule.lookup, ()) if rule.action == "table" and it.length > rule.shortest
        ]  # fmt: skip
        if not is_for_all(rule):
            unsure = unsure or (rule.lookup != MAIN_TABLE and any(it.interface in tunnels for it in usable))
            continue
        if rule.action in _ENDS:
            break
        if rule.action == "goto":
            from_priority = rule.goto
        if rule.action != "table" or rule.lookup == LOCAL_TABLE:
            continue
        if rule.lookup != MAIN_TABLE:
            found += [
                (it.destination if it.length else DEFAULT, it.interface)
                for it in _best(usable)
                if it.kind == "unicast" and it.interface
            ]
        if any(it.length == 0 and it.kind != "throw" for it in usable):
            break
    return sorted(set(found)), unsure


def is_for_all(rule: PolicyRule) -> bool:
    """Whether a rule is for packets that bear no mark, whoever sends them to wherever."""
    if rule.selects:
        return False
    unmarked = not rule.mark & rule.mask
    # Without a mark, an inverted rule is for no packet at all.
    return (not unmarked) if rule.inverted else unmarked


def _best(routes: list[FarRoute]) -> list[FarRoute]:
    """Returns of each destination the routes with the lowest metric."""
    lowest: dict[str, int] = {}
    for route in routes:
        lowest[route.destination] = min(route.metric, lowest.get(route.destination, route.metric))
    return [route for route in routes if route.metric == lowest[route.destination]]
