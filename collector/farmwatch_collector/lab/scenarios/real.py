"""Real hardware for made fleets, from a folder of public dumps that is no part of the project (lab/corpus.py)."""

import random
from functools import cache
from pathlib import Path

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.usb import UsbDevice

from ...input_error import InputError
from .. import corpus, monitors
from .device import Device

#: Real devices beside what stands on a desk anyway: so many at most on one laptop.
MOST = 3


def check(folder: str) -> None:
    """Raises InputError when a folder is no corpus."""
    if folder and not corpus.is_corpus(Path(folder)):
        raise InputError(folder, 0, "", "is no folder of public dumps.", "docs/catalogues.md says what lies in one.")


@cache
def usb_devices(folder: str) -> tuple[UsbDevice, ...]:
    """Returns the distinct ordinary USB devices whose interfaces were read."""
    return tuple(seen.device for seen in corpus.benign_usb(Path(folder)) if seen.device.interfaces)


@cache
def edids(folder: str) -> tuple[bytes, ...]:
    """Returns the EDIDs of ordinary monitors."""
    return tuple(data for _, data in corpus.benign_edids(Path(folder)) if len(data) >= 128)


def monitor(folder: str, chance: random.Random, connector: str) -> Display:
    """Returns a real monitor."""
    return monitors.display(connector, chance.choice(edids(folder)))


def plug_in(device: Device, folder: str) -> None:
    """Plugs real devices into a laptop; serials, which dumps mask, are invented."""
    chance = device.chance
    for place in range(chance.randrange(0, MOST + 1)):
        found = chance.choice(usb_devices(folder))
        serial = unkeyed("serial", f"{chance.getrandbits(40):010X}") if found.serial is not None else None
        device.facts.add("usb", msgspec.structs.replace(found, serial=serial, port_path=f"1-9.{place + 1}"))
