"""The clean fleet: ordinary people with ordinary laptops, at stated rates of everything that looks odd."""

from datetime import timedelta

from . import life, ordinary, real, traps_desk, traps_place
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

_LOADED = (traps_desk, traps_place)


def people(work: Draft, group: Group) -> None:
    """Adds a group's ordinary people to a draft: each trap at its rate, everybody else plain."""
    wanted = group.ordinary
    while wanted > 0:
        trap = _trap(work, group, wanted)
        size = trap.size if trap else 1
        late = work.late()  # those who share something began together
        devices = [work.new(ordinary.pick(work.chance, ordinary.PLATFORMS), late) for _ in range(size)]
        for device in devices:
            _began(work, device)
            if work.corpus and (trap is None or trap.name not in WITHOUT_USB):
                real.plug_in(device, work.corpus)
            if trap is None and work.chance.random() < AT_DESK:
                ordinary.at_desk(device, screens=work.chance.choice((1, 1, 2)))
        habits = trap.make(work, devices) if trap else None
        for device in devices:
            device.kind = "trap" if trap else "ordinary"
            if trap:
                device.facets["trap"] = trap.name
            usual = habits or Habits(night_awake=work.chance.random() < NIGHT_AWAKE)
            life.live(device, device.first, usual)
            life.churn(device)
        work.devices += devices
        wanted -= size


def _trap(work: Draft, group: Group, room: int) -> Trap | None:
    """Throws the dice once: each trap comes as often as its rate says, counted in devices."""
    left = work.chance.random()
    for trap in TRAPS.values():
        left -= group.traps.get(trap.name, trap.rate if not group.plain else 0.0) / trap.size
        if left < 0:
            return trap if trap.size <= room else None
    return None


def _began(work: Draft, device: Device) -> None:
    if work.chance.random() < NEW_HIRES:
        device.cohort = "remote_new_hire"
        device.start_on = device.first - timedelta(days=work.chance.randrange(0, 6))
