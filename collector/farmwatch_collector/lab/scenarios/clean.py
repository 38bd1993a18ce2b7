"""The clean fleet: ordinary people with ordinary laptops, at stated rates of everything that looks odd."""

from typing import TYPE_CHECKING

from . import ordinary
from .ordinary import Habits
from .scenario import Group

if TYPE_CHECKING:
    from .drafting import Draft


def people(work: "Draft", group: Group) -> None:
    """Adds a group's ordinary people to a draft."""
    for _ in range(group.ordinary):
        device = work.new(ordinary.pick(work.chance, ordinary.PLATFORMS))
        if work.chance.random() < 0.6:
            ordinary.at_desk(device)
        ordinary.live(device, work.first, Habits())
        work.devices.append(device)
