"""The real agent measures in a lab's laptops, all at once: `farmwatch-agent measure --plan FILE --json`."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.latency import RoundTrips
from farmwatch_schema.plan import Plan

from .judging import observables
from .lab import Lab
from .sites import LabError, environment
from .world import NETWORKS

AGENT = (sys.executable, "-m", "farmwatch_agent.cli")
SECONDS = 240


def state_of(lab: Lab, name: str) -> Path:
    """Returns the folder in which a laptop's agent keeps its state."""
    folder = lab.folder / f"{name}.state"
    folder.mkdir(exist_ok=True)
    return folder


def settings_of(lab: Lab, name: str, **more: object) -> Path:
    """Writes a laptop's settings; returns the file. JSON is YAML."""
    path = lab.folder / f"{name}.yaml"
    path.write_text(json.dumps({"landmarks": list(NETWORKS), **more}))
    return path


def measured(lab: Lab, plans: Mapping[str, Plan]) -> dict[str, list[Observable]]:
    """Returns what each laptop's agent measured by its plan."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    for name, plan in plans.items():
        path = lab.folder / f"{name}.plan"
        path.write_bytes(msgspec.json.encode(plan))
        with (lab.folder / f"{name}.log").open("wb") as said:
            running[name] = lab.members[name].site.start(
                *AGENT, "measure", "--plan", str(path), "--json", "--state-dir", str(state_of(lab, name)),
                "--config", str(settings_of(lab, name)), stdout=subprocess.PIPE, stderr=said, env=environment(),
            )  # fmt: skip
    deadline = time.monotonic() + SECONDS
    return {name: _printed(lab, name, program, deadline) for name, program in running.items()}


def _printed(lab: Lab, name: str, program: "subprocess.Popen[bytes]", deadline: float) -> list[Observable]:
    try:
        printed, _ = program.communicate(timeout=max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{name}: was not done after {SECONDS} s") from error
    if program.returncode:
        raise LabError(f"{name}: {(lab.folder / f'{name}.log').read_text()}")
    return observables(json.loads(printed)["items"])


def answered(items: Iterable[Observable]) -> int:
    """Returns to how many landmarks a connect was timed."""
    return len({it.landmark for it in items if isinstance(it, RoundTrips) and it.method == "tcp" and it.count})
