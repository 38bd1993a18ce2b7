"""What the company knows: its roster, and its policy."""

import csv
import io
from collections.abc import Iterable

from ..simulation import SimulatedDevice
from .ground import Ground
from .places import Places

COLUMNS = ("person", "device", "serial", "place", "time_zone", "cohort", "start_on", "shipped_to", "shipped_on",
           "household", "site")  # fmt: skip


def columns(by: str) -> tuple[str, ...]:
    """Returns the roster's columns: laptops are named by their `device` id or by their `serial`."""
    return tuple(name for name in COLUMNS if name not in {"device", "serial"} - {by})


def row(device: SimulatedDevice, by: str) -> list[str]:
    """Returns a device's line."""
    return [device.roster.get(name, "") for name in columns(by)]


def roster(devices: Iterable[SimulatedDevice], by: str) -> str:
    """Returns the roster as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns(by))
    writer.writerows(row(device, by) for device in devices if device.roster)
    return file.getvalue()


def policy(places: Places, ground: Ground) -> str:
    """Returns the policy as YAML: registered offices, the security client, the base rate of remote new hires."""
    text = ["version: 1", "sanctions:", "  - vpn: globalprotect", "    owner: network@example.com",
            "    reason: the company's security client", "    until: 2099-12-31", "cohorts:",
            "  - name: remote_new_hire", "    prior: 0.001", "    days: 90", "places:"]  # fmt: skip
    for office in places.offices():
        if office.registered:
            macs = ", ".join(f'"{mac}"' for mac in dict.fromkeys(site.gateway for site in office.sites))
            exits = ", ".join(f'"{ground.at(site.line).text}"' for site in office.sites[:1])
            text += [f"  - name: {office.name}", "    kind: office", "    owner: facilities@example.com",
                     f"    gateway_macs: [{macs}]", f"    egress: [{exits}]", "    until: 2099-12-31"]  # fmt: skip
    return "\n".join(text) + "\n"
