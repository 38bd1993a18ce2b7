"""The fleet: every device of it in turn, or one alone; and what the company's records say."""

from collections.abc import Iterator

import msgspec

from ..simulation import SimulatedDevice
from . import records
from .desks import Desks
from .farm_life import FarmLife
from .ground import Ground
from .layout import Group, Layout
from .making import Maker
from .ordinary_life import OrdinaryLife
from .places import Places
from .settings import FarmSpec, Settings
from .sites import Views
from .stock import Stock


class World:
    """A simulated fleet. Nothing of a device is kept after it was made."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings.checked()
        self._stock = Stock(settings.keyer())
        self._ground = Ground(settings.seed, self._stock)
        self._layout = Layout(settings)
        self._places = Places(settings, self._stock, self._ground)
        desks = Desks(settings.seed, self._stock)
        self._life = OrdinaryLife(settings, self._stock, self._ground, self._places, desks)
        self._farms = FarmLife(settings, self._stock, self._ground, desks, self._life)
        self._maker = Maker(settings, self._stock, self._ground, Views(self._stock))

    def devices(self) -> Iterator[SimulatedDevice]:
        """Yields every device once, each with all its days, those of a home or farm together."""
        for group in self._layout.groups():
            for number in range(group.first, group.first + group.size):
                yield self._made(number, group)

    def device(self, number: int) -> SimulatedDevice:
        """Returns one device alone, by its number from 0 on; raises IndexError for one that there is not."""
        return self._made(number, self._layout.group_of(number))

    @property
    def farms(self) -> tuple[FarmSpec, ...]:
        """The farms that stand in the fleet; evasions are those that each truly has."""
        return tuple(msgspec.structs.replace(farm, evasions=self._farms.evasions(farm)) for farm in self.settings.farms)

    @property
    def policy_yaml(self) -> str:
        """What the company allows: its offices, its security client. Benches and branches are not in it."""
        return records.policy(self._places, self._ground)

    def roster_csv(self, by: str = "device") -> str:
        """Returns the roster of the whole fleet as CSV; makes every device for it.

        by  what names a laptop: `device`, or `serial` where ids are given at enrolment
        """
        return records.roster(self.devices(), by)

    def _made(self, number: int, group: Group) -> SimulatedDevice:
        if group.farm is not None:
            return self._maker.device(self._farms.person(number, group.farm, number - group.first))
        return self._maker.device(self._life.person(number, group))


def world(settings: Settings) -> World:
    """Returns the fleet that settings describe; raises SettingsError where they describe none."""
    return World(settings)
