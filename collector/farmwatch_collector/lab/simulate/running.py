"""What `farmwatch simulate` does: makes the fleet once, and writes all that was asked for on the way."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TextIO

import msgspec

from ...input_error import InputError
from ..simulation import SimulatedDevice
from . import records, telling
from .counting import Counts
from .settings import Settings, SettingsError, farms
from .world import world

SCHEMA = "farmwatch-simulate-1"
#: JSON lines are sorted by time, for which every laptop is held: this many at most.
MOST_LINES = 20_000


def run(options: argparse.Namespace) -> str:
    """Makes the fleet; returns what it is made of, in words or as JSON. Raises FarmwatchError for unfit options."""
    made = world(_settings(options))
    counts = Counts(made.settings)
    with ExitStack() as stack:
        devices = _noted(made.devices(), counts, options, stack)
        if options.jsonl:
            out = sys.stdout.buffer if options.jsonl == "-" else stack.enter_context(_binary(options.jsonl))
            for line in telling.fleet_lines(devices, options.every * 60):
                out.write(line + b"\n")
                counts.reports += 1
            out.flush()
        else:
            for _ in devices:
                pass
    _write(options.policy, made.policy_yaml)
    _write(options.key_file, made.settings.key.hex() + "\n")
    if options.json:
        return json.dumps({"schema": SCHEMA, "ok": True, "code": 0, **counts.document(made.farms)}, indent=1)
    return counts.text(made.farms)


def _settings(options: argparse.Namespace) -> Settings:
    given = re.fullmatch(r"(\d{1,4})-(\d{1,4})", options.farm_sizes)
    if given is None or not 2 <= int(given[1]) <= int(given[2]):
        raise SettingsError(f"--farm-sizes {options.farm_sizes[:40]}: write it like 2-60, the smaller one first.")
    if not 1 <= options.every <= 1440:
        raise SettingsError(f"--every {options.every}: 1 to 1440 minutes are taken.")
    if options.farms < 0:
        raise SettingsError(f"--farms {options.farms}: 0 or more are taken.")
    if options.jsonl and options.devices > MOST_LINES:
        raise SettingsError(f"--jsonl holds every laptop to sort reports by time: {MOST_LINES:,} at most.")
    return Settings(
        devices=options.devices, days=options.days, first_day=options.first_day, seed=options.seed, sase=options.sase,
        bssids=0.0 if options.no_bssid else Settings(devices=1).bssids,
        farms=farms(options.farms, int(given[1]), int(given[2]), options.seed),
    )  # fmt: skip


def _noted(
    devices: Iterator[SimulatedDevice], counts: Counts, options: argparse.Namespace, stack: ExitStack
) -> Iterator[SimulatedDevice]:
    """Yields the devices, and writes truth and roster while they pass."""
    truth = stack.enter_context(_binary(options.truth)) if options.truth else None
    roster = None
    if options.roster:
        roster = csv.writer(stack.enter_context(_text(options.roster)), lineterminator="\n")
        roster.writerow(records.columns("device"))
    for device in devices:
        counts.take(device)
        if truth is not None:
            line = {"device": device.device, "serial": device.roster.get("serial", ""),
                    **msgspec.to_builtins(device.truth)}  # fmt: skip
            truth.write(json.dumps(line).encode() + b"\n")
        if roster is not None and device.roster:
            roster.writerow(records.row(device, "device"))
        yield device


def _binary(path: str) -> BinaryIO:
    try:
        return Path(path).open("wb")
    except OSError as error:
        raise _cannot(path, error) from error


def _text(path: str) -> TextIO:
    try:
        return Path(path).open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _cannot(path, error) from error


def _write(path: str | None, text: str) -> None:
    if path:
        with _text(path) as file:
            file.write(text)


def _cannot(path: str, error: OSError) -> InputError:
    reason = error.strerror or type(error).__name__
    return InputError(path, 0, "", f"cannot be written: {reason}.", "Check the path and your rights.")
