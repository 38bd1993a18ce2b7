"""What each group's silence is worth, and when silence may count at all. Table: groups.toml."""

import math
import tomllib
from datetime import timedelta
from functools import cache
from importlib import resources

import msgspec

from farmwatch_schema.finding import GROUPS, Group
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.report import Outcome

from .detector import Basis, LevelTableError
from .input_days import input_days, tells_devices, working_days
from .physical_use import known_since, signs_of_a_person
from .view import DeviceView, SectionView

#: Three working days and a weekend: silence of an older report is trusted no more.
STALE = timedelta(days=5)

#: Each outcome that cannot look, as a cause in words.
CAUSES: dict[Outcome, str] = {
    "not_permitted": "the agent had no permission to look",
    "not_supported": "this system has no such thing to look at",
    "broken": "its source failed",
}

#: Counts of a gap that are "a few".
_A_FEW = ("1", "2-4")

#: Why a group without a detector is grey, on every device alike.
NOT_BUILT = "farmwatch has no detector for this yet"


class SilenceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One group's level 0; the fields are described at the head of groups.toml."""

    group: Group
    meaning: str
    m0: float
    u0: float
    basis: Basis
    needs: tuple[str, ...]
    sources: tuple[str, ...]
    tolerates: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    hypervisor: bool = False
    gateway: bool = False
    min_fleet: int = 0
    history_days: int = 0
    watched_days: int = 0
    person: bool = False
    records: bool = False
    built: bool = True

    @property
    def bits(self) -> float:
        """log2 of the likelihood ratio of "looked, and nothing"; zero or negative."""
        return math.log2(self.m0 / self.u0)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: tuple[SilenceRow, ...]


def parse_silence_table(text: str) -> dict[Group, SilenceRow]:
    """Returns the rows by group; raises LevelTableError when one is missing or breaks a rule."""
    try:
        rows = msgspec.convert(tomllib.loads(text), _Table).groups
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise LevelTableError(f"groups.toml: {error}.") from error
    if [row.group for row in rows] != list(GROUPS):
        raise LevelTableError(f"groups.toml: holds each of {', '.join(GROUPS)} once, in this order.")
    for row in rows:
        if not (0 < row.m0 < 1 and 0 < row.u0 < 1 and row.m0 <= row.u0):
            raise LevelTableError(f"groups.toml group {row.group}: 0 < m0 <= u0 < 1; silence never counts against.")
        if not row.sources or not row.meaning:
            raise LevelTableError(f"groups.toml group {row.group}: needs meaning and sources.")
    return {row.group: row for row in rows}


@cache
def silence_table() -> dict[Group, SilenceRow]:
    """Returns the shipped table by group."""
    text = resources.files(__name__.rpartition(".")[0]).joinpath("groups.toml").read_text(encoding="utf-8")
    return parse_silence_table(text)


def why_grey(view: DeviceView, row: SilenceRow) -> str:
    """Returns why this group's silence cannot count on this device, in words; "" when it can."""
    if not row.built:
        return NOT_BUILT
    for kind in row.needs:
        cause = _why_not_looked(view, kind, row)
        if cause:
            return cause
    cause = _why_too_early(view, row)
    if cause:
        return cause
    if row.records and (view.roster is None or not view.roster.checked):
        return "the roster says nothing of its person that could be compared"
    if row.hypervisor and not any(facts.hypervisor is not None for facts in view.of("host", HostFacts)):
        return "host: whether a hypervisor is under it is not known"
    if row.gateway and not any(gateway.mac is not None for gateway in view.of("network", Gateway)):
        return "network: no gateway with a known MAC address"
    if view.fleet.get("gateway_mac", 0) < row.min_fleet:
        known = view.fleet.get("gateway_mac", 0)
        return f"fleet too small to compare: {row.min_fleet} gateways must be known, {known} so far"
    return ""


def _why_too_early(view: DeviceView, row: SilenceRow) -> str:
    """Why what takes days to see cannot be missed yet."""
    for kind in row.needs if row.history_days else ():
        since = known_since(view, kind)
        days = 0 if since is None else (view.now - since).days
        if days < row.history_days:
            return f"{kind}: {row.history_days} days must be known, {days} so far"
    if row.watched_days:
        days = sum(tells_devices(day) for day in working_days(input_days(view)))
        if days < row.watched_days:
            said = f"{row.watched_days} of the last 14 days must be watched, device by device, {days} were"
            return f"input_source: {said}"
    if row.person and not signs_of_a_person(view):
        return "nothing was seen that needs a person at the laptop"
    return ""


def _why_not_looked(view: DeviceView, kind: str, row: SilenceRow) -> str:
    section: SectionView | None = view.section(kind)
    if section is None:
        return f"{kind}: no probe reports this yet"
    if not section.looked:
        cause = CAUSES.get(section.outcome, section.outcome)
        return f"{kind}: {cause}" + (f" ({section.reason.rstrip('.')})" if section.reason else "")
    gaps = sorted({gap.what for gap in section.gaps if not _tolerated(gap, row)})
    if gaps and not row.gateway:
        return f"{kind}: could not look at {', '.join(gaps)}"
    if view.now - section.observed_at > STALE:
        return f"{kind}: last looked at on {section.observed_at:%Y-%m-%d}"
    return ""


def _tolerated(gap: Gap, row: SilenceRow) -> bool:
    return gap.what in row.tolerates or (gap.what in row.few and gap.count in _A_FEW)
