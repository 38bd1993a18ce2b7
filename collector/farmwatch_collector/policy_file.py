"""Reads the policy file: YAML, every field checked, every error with its line. Format: docs/policy.md."""

import difflib
import re
from datetime import date
from functools import cache
from ipaddress import ip_network
from typing import Any

import msgspec

from farmwatch_detectors.catalog import edid, ip_kvm
from farmwatch_detectors.policy import Cohort, Place, Policy, Sanction
from farmwatch_detectors.products import remote_tools, tunnels

from .input_error import InputError, read_text
from .yaml_file import parse_yaml, shown

MAX_BYTES = 1 << 20
PLACE_KINDS = ("office", "lab", "staging_bench", "household")
_FIELDS: dict[str, type[msgspec.Struct]] = {"cohorts": Cohort, "sanctions": Sanction, "places": Place}
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-]?)[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}\Z")


def read_policy(path: str, today: date) -> tuple[Policy, tuple[str, ...]]:
    """Returns the policy in a file, and warnings; raises InputError with line, field and remedy."""
    return parse_policy(read_text(path, MAX_BYTES), path, today)


def parse_policy(text: str, name: str, today: date) -> tuple[Policy, tuple[str, ...]]:
    """Returns the policy that a YAML text holds, and warnings: entries that end never, that ended already,
    or that name nothing in the catalogues.

    name  of the file, for errors
    """
    found = parse_yaml(text, name, Policy, _fields_at, "docs/policy.md")
    if found is None:
        return Policy(), (f"{name}: is empty, so it allows nothing.",)
    policy, lines = found
    _check(policy, name, lines)
    return policy, tuple(_warnings(policy, name, lines, today))


def _fields_at(path: str) -> tuple[str, ...]:
    kind = _FIELDS.get(path.removeprefix("$.").partition("[")[0], Policy)
    return tuple(str(field) for field in kind.__struct_fields__)


def _check(policy: Policy, name: str, lines: dict[str, int]) -> None:
    def fail(path: str, problem: str, remedy: str) -> InputError:
        parent = path.rpartition(".")[0] or "$"
        return InputError(name, lines.get(path, lines.get(parent, 1)), shown(path), problem, remedy)

    if policy.version != 1:
        raise fail("$.version", f"is {policy.version}, this program knows 1.", "Upgrade the collector.")
    shares: list[tuple[str, float]] = [("$.prior", policy.prior)]
    shares += [(f"$.cohorts[{index}].prior", cohort.prior) for index, cohort in enumerate(policy.cohorts)]
    for path, share in shares:
        if not 0 < share <= 0.5:
            raise fail(path, f"is {share}, a share between 0 and 0.5 is taken.", "1 in 10,000 is 0.0001.")
    for index, cohort in enumerate(policy.cohorts):
        if cohort.name in [each.name for each in policy.cohorts[:index]]:
            raise fail(f"$.cohorts[{index}].name", f"{cohort.name[:40]!r} stands there already.", "Keep one of them.")
        if not 1 <= cohort.days <= 36_500:
            raise fail(f"$.cohorts[{index}].days", f"is {cohort.days}, 1 to 36500 is taken.", "Thirty is usual.")
    for index, entry in enumerate(policy.sanctions):
        path = f"$.sanctions[{index}]"
        named = entry.devices and (entry.asset_product or entry.claim)
        if not (entry.tool or entry.vpn or entry.asset_serial or named):
            remedy = "Give tool, vpn or asset_serial, or asset_product or claim with the devices it is about."
            raise fail(path, "allows nothing.", remedy)
        if not entry.devices and f"{path}.devices" in lines:
            remedy = "Name devices, or remove the key to allow it on every device."
            raise fail(f"{path}.devices", "is an empty list.", remedy)
        for field in ("owner", "reason"):
            if not getattr(entry, field).strip():
                raise fail(f"{path}.{field}", "is empty.", "Say who answers for it, and why.")
    for index, place in enumerate(policy.places):
        path = f"$.places[{index}]"
        if place.kind not in PLACE_KINDS:
            near = difflib.get_close_matches(place.kind, PLACE_KINDS, n=1, cutoff=0.4)
            remedy = f"Did you mean {near[0]!r}?" if near else f"One of {', '.join(PLACE_KINDS)}."
            raise fail(f"{path}.kind", f"is {place.kind[:40]!r}.", remedy)
        for number, mac in enumerate(place.gateway_macs):
            if not _MAC.match(mac):
                raise fail(
                    f"{path}.gateway_macs[{number}]", f"is no MAC address: {mac[:40]!r}.", 'Like "00:1b:21:0a:0b:0c".'
                )
        for number, address in enumerate(place.egress):
            if not _is_network(address):
                problem = f"is no address and no range: {address[:40]!r}."
                raise fail(f"{path}.egress[{number}]", problem, 'Like "192.0.2.7" or "192.0.2.0/28".')
        if place.kind == "household" and not (place.devices or place.gateway_macs):
            raise fail(path, "is a household without devices.", "List its device ids under devices.")


def _is_network(text: str) -> bool:
    try:
        ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True


def _warnings(policy: Policy, name: str, lines: dict[str, int], today: date) -> list[str]:
    found: list[str] = []
    entries: list[tuple[str, Any]] = [(f"sanctions[{index}]", entry) for index, entry in enumerate(policy.sanctions)]
    entries += [(f"places[{index}]", place) for index, place in enumerate(policy.places)]
    for path, entry in entries:
        where = f"{name} line {lines.get(f'$.{path}', 1)}, {path}"
        if entry.until is None:
            found.append(f"{where}: has no end. Give it an until date, so that somebody looks at it again.")
        elif entry.until < today:
            found.append(f"{where}: ended on {entry.until} and allows nothing now. Renew or remove it.")
    for index, sanction in enumerate(policy.sanctions):
        for field, known, effect in _catalogues():
            name_given = str(getattr(sanction, field))
            if name_given and name_given not in known:
                line = lines.get(f"$.sanctions[{index}].{field}", 1)
                near = difflib.get_close_matches(name_given.lower().replace(" ", "-"), known, n=1, cutoff=0.6)
                remedy = f"Did you mean {near[0]!r}?" if near else "docs/catalogues.md says where the ids stand."
                found.append(
                    f"{name} line {line}, sanctions[{index}].{field}: {name_given[:40]!r} is no id of the catalogue, "
                    f"so {effect}. {remedy}"
                )
    return found


@cache
def _catalogues() -> tuple[tuple[str, frozenset[str], str], ...]:
    """Returns each field that names a catalogue entry, the ids it can name, and what an unknown one does."""
    products = {entry.id for entry in ip_kvm.catalogue().entries} | {e.product for e in edid.catalogue().entries}
    return (
        ("tool", frozenset(tool.id for tool in remote_tools()), "it allows no tool"),
        ("vpn", frozenset(tunnel.id for tunnel in tunnels()), "it allows only a tunnel interface of that name"),
        ("asset_product", frozenset(products - {""}), "it matches no IP-KVM"),
    )
