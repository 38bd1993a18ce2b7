"""What the bench measured. The published schema of `farmwatch bench --json` is docs/schema/bench-v1.json."""

import json
import sys
from inspect import cleandoc
from typing import Any, Literal

import msgspec


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A share of devices with what it is held against.

    name        class, facet or detector
    words       what is counted as a hit
    n, hits     devices, and those that were hit within `hours` of their first report with the scenario active
    low, high   95 % interval (Wilson)
    bar, goal   of DESIGN section 12; null where there is none
    met         the share reaches the bar; null without a bar or without a device
    """

    name: str
    words: str
    n: int
    hits: int
    share: float
    low: float
    high: float
    hours: float | None = None
    bar: float | None = None
    goal: float | None = None
    met: bool | None = None


class FacetRate(msgspec.Struct, frozen=True, kw_only=True):
    """Recall of the devices of one class that bear one facet."""

    kind: str
    facet: str
    value: str
    rate: Rate


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """Farm devices of one class that were not found in time, by what they are composed of."""

    kind: str
    facets: dict[str, str]
    devices: int
    best_points: int


class Trap(msgspec.Struct, frozen=True, kw_only=True):
    """Innocent devices of one kind; a device with several oddities is counted under each.

    cases      new cases, `flagged` devices had them
    watch      devices that ended at watch
    detectors  what was stated on flagged devices, most frequent first
    """

    name: str
    devices: int
    device_days: float
    cases: int
    flagged: int
    watch: int
    per_1000: float
    low: float
    high: float
    detectors: tuple[str, ...] = ()


class FalseFlags(msgspec.Struct, frozen=True, kw_only=True):
    """New cases of innocent devices, first day included.

    per_1000, low, high  per 1,000 devices and day, with the exact 95 % Poisson interval; `high` is held to the bar
    first_day            cases within 24 hours of a device's first report
    traps                by trap, and `ordinary` for devices without one; `own_kvm` is counted by itself only
    """

    devices: int
    device_days: float
    cases: int
    first_day: int
    per_1000: float
    low: float
    high: float
    bar: float
    goal: float
    met: bool | None
    traps: tuple[Trap, ...]
    own_kvm: Trap | None = None


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """Share of farm devices among the `k` highest when `farms` of them hide among all innocent devices.

    low, high  of the draws' middle 95 %
    """

    k: int
    farms: int
    fleet: int
    draws: int
    mean: float
    low: float
    high: float
    bar: float
    met: bool | None


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """Hours from a device's first report with the scenario active to review; devices never found count as never.

    median, p90  null when they were never found
    curve        (hours, share found by then)
    """

    kind: str
    n: int
    found: int
    median: float | None
    p90: float | None
    curve: tuple[tuple[float, float], ...]


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Devices whose probability lies between `low` and `high`: mean stated and observed share of farms, both weighted.

    farms, others  devices in it
    """

    low: float
    high: float
    farms: int
    others: int
    stated: float
    observed: float


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Do probabilities mean what they say? Every device at prior 1/10,000, farms weighted so that they are that rare.

    expected, observed  probabilities summed, and farms, per 10,000 devices; ratio is held to 0.5 to 2
    log_loss, base_log_loss  bits per device, of the stated probabilities and of the base rate for everybody
    """

    expected: float
    observed: float
    ratio: float
    met: bool | None
    log_loss: float
    base_log_loss: float
    bins: tuple[Bin, ...]


class Without(msgspec.Struct, frozen=True, kw_only=True):
    """What is left when a detector or a fact is taken away.

    kind     `detector`, `shape` or `strings`
    recall   of each class that it changes anything for (for `shape` and `strings`: of each KVM class)
    lost     devices found with it and not without it
    cases    new cases of innocent devices without it, beside `cases_with` it
    spoke    devices on which the detector stated a level; for facts, KVMs that weigh otherwise before they are found
    """

    kind: Literal["detector", "shape", "strings"]
    name: str
    words: str
    spoke: int
    lost: int
    cases: int
    cases_with: int
    recall: tuple[Rate, ...]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured on one set of samples.

    part     `held_out`, `tuning` or `outside`: only held-out figures are quoted
    scale    `small`, `full` or `outside`
    recall, alone  classes and one group alone, of devices whose agent may look at everything
    reported       classes that are held to no bar
    hindered       the same where one permission is missing: "kvm_default without usb"
    faults   devices on which a detector failed, by detector: figures beside any are worth nothing
    """

    part: Literal["held_out", "tuning", "outside"]
    scale: Literal["small", "full", "outside"]
    seeds: tuple[int, ...]
    samples: int
    devices: int
    farms: int
    device_days: float
    judgements: int
    recall: tuple[Rate, ...]
    alone: tuple[Rate, ...]
    hindered: tuple[Rate, ...]
    reported: tuple[Rate, ...]
    facets: tuple[FacetRate, ...]
    missed: tuple[Missed, ...]
    false_flags: FalseFlags
    precision: Precision | None
    delays: tuple[Delay, ...]
    calibration: Calibration | None
    without: tuple[Without, ...]
    faults: dict[str, int] = {}


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer. `code` is the exit code."""

    schema: Literal["farmwatch-bench-v1"] = "farmwatch-bench-v1"
    ok: bool
    code: int
    versions: str
    seconds: float = 0.0
    results: Results | None = None
    error: str = ""


def schema() -> dict[str, Any]:
    """Returns the JSON schema of `Document`."""
    made = msgspec.json.schema(Document)
    for definition in made["$defs"].values():
        # As Python 3.13 keeps docstrings, on every version.
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "farmwatch bench, version 1", **made}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2, sort_keys=True) + "\n")
