"""Labelled fleets: what the bench judges detectors by. Reports as agents make them, and the truth beside them.

    orders("matrix", seeds)          one order per sample: scenario, seed, part
    make(order)                      the sample
    write(sample, DIR)               the same as files
    orders(DIR, seeds), make(order)  scenarios and recorded fleets from outside

The generator knows firmware, products and people's habits, and nothing of detectors. Format and rates:
docs/scenarios.md.
"""

import os
from collections.abc import Iterable
from importlib import resources

from ...input_error import InputError
from ..sample import Order, Sample
from . import clean, directory, drafting, real, scenario
from .directory import write
from .scenario import Scenario

__all__ = ["Scenario", "load", "make", "orders", "shipped", "write"]

_SCENARIO = (".yaml", ".yml")


def shipped() -> tuple[str, ...]:
    """Returns the names of the scenarios that come with the program."""
    files = (each.name for each in resources.files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml")))


def load(name: str) -> Scenario:
    """Returns a scenario by its name, or by the path of its YAML file; raises InputError."""
    if name in shipped():
        text = resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        return scenario.parse(text, f"{name}.yaml")
    if name.endswith(_SCENARIO):
        return scenario.read(name)
    raise InputError(name, 0, "", "is no scenario.", f"There are {', '.join(shipped())}; or give a .yaml file.")


def orders(where: str, seeds: Iterable[int], *, device_days: int = 0, corpus: str = "") -> list[Order]:
    """Returns the orders of a shipped scenario, of a YAML file, or of all that a folder holds.

    device_days  for a clean scenario: as many samples as give so many device-days over all seeds
    corpus       folder with public dumps for real hardware; "" for the lab's own tables
    """
    wanted = list(seeds)
    names = [where]
    found = []
    if os.path.isdir(where):
        inside = sorted(os.path.join(where, name) for name in os.listdir(where))
        folders = [each for each in (where, *inside) if directory.is_recorded(each)]
        found = [Order(scenario=each, seed=0) for each in folders]  # what was recorded is there once
        names = [name for name in inside if name.endswith(_SCENARIO) and not name.endswith("policy.yaml")]
        if not names and not found:
            remedy = "It takes *.yaml scenarios, or labels.csv with *.jsonl reports."
            raise InputError(where, 0, "", "holds neither a scenario nor a recorded fleet.", remedy)
    for name in names:
        parts = drafting.parts_of(load(name), device_days, len(wanted))
        found += [Order(scenario=name, seed=seed, part=part, corpus=corpus) for seed in wanted for part in range(parts)]
    return found


def make(order: Order) -> Sample:
    """Returns the sample that an order asks for; the same order gives the same sample, byte for byte."""
    if directory.is_recorded(order.scenario):
        return directory.read(order.scenario)
    real.check(order.corpus)
    return drafting.draft(load(order.scenario), order, clean.people)
