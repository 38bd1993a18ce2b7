"""What a probe is."""

import importlib
from collections.abc import Callable, Iterator
from types import ModuleType

import msgspec

from farmwatch_schema.observables import Observable

from .host import Host

Collect = Callable[[Host], Iterator[Observable]]


class Probe(msgspec.Struct, frozen=True):
    """A probe's declaration.

    kind              its section's kind, equal to its folder's name
    emits             the observable types it yields
    interval_seconds  how often it runs when nothing wakes it
    platforms         where a file for it exists
    opt_in            runs only when the company's settings name it (`on:`), or `collect --only` does
    first_days        an opt-in kind runs without being named for so many days after enrolment
    wakes             what makes it run at once: a subsystem's name ("usb", "drm" ...) or "session"; see host/wake.py
    wall_seconds      how long one run may take, where that is more than `limits.Limit` gives; `cpu_seconds` of CPU time
    """

    kind: str
    emits: tuple[type[Observable], ...]
    interval_seconds: int
    platforms: tuple[str, ...]
    opt_in: bool = False
    first_days: int = 0
    wakes: tuple[str, ...] = ()
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0


def collect_function(probe: Probe, platform: str) -> Collect | None:
    """Returns the probe's `collect` for a platform, loading that platform's file only; None when there is none."""
    if platform not in probe.platforms:
        return None
    module: ModuleType = importlib.import_module(f"farmwatch_agent.probes.{probe.kind}.{platform}")
    collect: Collect = module.collect
    return collect
