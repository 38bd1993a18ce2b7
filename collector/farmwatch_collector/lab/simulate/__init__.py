"""A whole fleet over weeks, with ordinary life at stated rates and farms at stated care. docs/simulate.md.

Every household and place has dice of its own, so that nothing is kept of the devices made before, and any one can be
made again alone.
"""

from .settings import CARES, FarmSpec, Settings, farms
from .world import World, world

__all__ = ["CARES", "FarmSpec", "Settings", "World", "farms", "world"]
