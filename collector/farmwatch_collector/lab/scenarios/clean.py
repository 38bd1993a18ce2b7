"""The clean fleet: ordinary people with ordinary laptops, at stated rates of everything that looks odd."""

from datetime import timedelta

from . import life, ordinary, real, rhythms, traps_claims, traps_desk, traps_lines, traps_place
from .device import Device
from .drafting import Draft
from .life import Habits
from .scenario import Group
from .trap_table import TRAPS, Trap

#: Share of an ordinary fleet that began within the last days: the same prior holds for them as for a farm's.
NEW_HIRES = 0.1
#: Share whose laptop never sleeps, and share with a keyboard and monitor on the desk. Assumed.
NIGHT_AWAKE, AT_DESK = 0.12, 0.55

#: Traps that are no laptop on a desk.
WITHOUT_USB = ("virtual_desktop",)

_LOADED = (traps_claims, traps_desk, traps_lines, traps_place)


def people(work: Draft, group: Group) -> None:
    """Adds a group's ordinary people to a draft.

    What people share, and what excludes all else, is thrown for once; habits and equipment each by itself, so that
    one person may have several.
    """
    rates = {name: group.traps.get(name, 0.0 if group.plain else each.rate) for name, each in TRAPS.items()}
    wanted = group.ordinary
    while wanted > 0:
        shared = _shared(work, rates, wanted)
        size = shared.size if shared else 1
        late = work.late()  # those who share something began together
        devices: list[Device] = []
        for _ in range(size):
            # A household lives in one zone.
            zone = devices[0].time_zone if devices and shared and shared.name == "household" else ""
            devices.append(work.new(ordinary.pick(work.chance, ordinary.PLATFORMS), late, zone))
        own = [_habits(work, rates, shared) for _ in devices]
        for device in devices:
            _began(work, device)
            if work.corpus and (shared is None or shared.name not in WITHOUT_USB):
                real.plug_in(device, work.corpus)
        habits = {device.id: [Habits(night_awake=work.chance.random() < NIGHT_AWAKE)] for device in devices}
        common = shared.make(work, devices) if shared else None
        for device, traps in zip(devices, own, strict=True):
            mine = habits[device.id] + ([common] if common else [])
            _dress(work, device, traps, shared, mine)
            life.live(device, device.first, life.together(mine))
            life.churn(device)
            if group.timing:
                rhythms.ordinary(device)
        work.devices += devices
        wanted -= size


def _shared(work: Draft, rates: dict[str, float], room: int) -> Trap | None:
    """Throws the dice once for what several devices share or what stands alone, each as often as its rate says."""
    left = work.chance.random()
    for each in TRAPS.values():
        if each.alone or each.size > 1:
            left -= rates[each.name] / each.size
            if left < 0:
                return each if each.size <= room else None
    return None


def _habits(work: Draft, rates: dict[str, float], shared: Trap | None) -> list[Trap]:
    """Throws the dice for each habit by itself; those who stand alone have none, the others as many more."""
    if shared and shared.alone:
        return []
    rest = 1 - sum(rates[each.name] for each in TRAPS.values() if each.alone)
    found: list[Trap] = [shared] if shared else []
    for each in TRAPS.values():
        fits = not any(each.name in other.unlike or other.name in each.unlike for other in found)
        if not each.alone and each.size == 1 and work.chance.random() < rates[each.name] / rest and fits:
            found.append(each)
    return sorted((each for each in found if each is not shared), key=lambda each: each.stage)


def _dress(work: Draft, device: Device, traps: list[Trap], shared: Trap | None, habits: list[Habits]) -> None:
    """Dresses one laptop: what its traps put on the desk, an ordinary desk, then the rest."""
    at_desk = work.chance.random() < AT_DESK and not (shared and shared.alone)
    for stage in range(4):
        if stage == 1 and at_desk:
            ordinary.at_desk(device, screens=work.chance.choice((1, 1, 2)))
        for each in traps:
            if each.stage == stage:
                more = each.make(work, [device])
                habits += [more] if more else []
    names = ([shared.name] if shared else []) + [each.name for each in traps]
    device.kind = "trap" if names else "ordinary"
    if names:
        device.facets["trap"] = "+".join(sorted(names))


def _began(work: Draft, device: Device) -> None:
    if work.chance.random() < NEW_HIRES:
        device.cohort = "remote_new_hire"
        device.start_on = device.first - timedelta(days=work.chance.randrange(0, 6))
