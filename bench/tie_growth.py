"""What ties cost as a fleet grows: CPU of a report, and memory of a device.

    python bench/tie_growth.py [DEVICES ...]     10,000 and 100,000 without any

Every device has about ten values: its own gateway, exit, block, monitor, USB device, first network, and the traits of
its line. One gateway's address in a hundred is shared by a crowd. Figures: microseconds of CPU for a device that shows
the same as before and for one that moved to another home, KiB a device, and the same for a member of the crowd.
"""

import gc
import random
import sys
import time
from datetime import UTC, datetime, timedelta

from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.types import Seen

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
CROWD_OF = 50_000


def resident_kib() -> int:
    """Returns this process's resident memory."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def shows(random_: random.Random, number: int, *, crowded: bool = False) -> dict[str, tuple[Seen, ...]]:
    """Returns what a device at a home of its own shows."""
    oui, asn = f"{random_.randrange(300):06x}", str(random_.randrange(200))
    model, screen = f"{random_.randrange(400):04x}:0001", f"M{random_.randrange(60)}"
    mac = b"\1" * 16 if crowded else random_.randbytes(16)
    return {
        "network": (
            Seen("gateway_mac", mac, "000001" if crowded else oui),
            Seen("gateway_maker", oui.encode().rjust(16), "", f"gateway maker {oui}"),
        ),
        "wifi": (),
        "usb": (Seen("usb_serial", random_.randbytes(16), model, "keyboard"),),
        "displays": (Seen("edid_serial", random_.randbytes(16), screen, f"monitor {screen}"),),
        "peers": (),
        "kvm": (),
        "egress": (
            Seen("egress", random_.randbytes(16), asn, f"provider {asn}"),
            Seen("egress_block", number.to_bytes(16), asn, f"provider {asn}"),
            Seen("egress_network", asn.encode().rjust(16), "", f"provider {asn}"),
        ),
    }


Report = tuple[str, dict[str, tuple[Seen, ...]], datetime]


def cpu(act: list[Report], fleet: Fleet) -> tuple[float, int]:
    """Returns microseconds a report, and the most devices that one touched."""
    begun, touched = time.process_time(), 0
    for device, seen, at in act:
        touched = max(touched, len(fleet.take(device, seen, at)))
    return (time.process_time() - begun) / len(act) * 1e6, touched


def measure(devices: int) -> None:
    """Prints one line."""
    gc.collect()
    before = resident_kib()
    dice, fleet = random.Random(devices), Fleet()
    fill = time.process_time()
    for number in range(devices):
        crowded = number % 100 == 0 or (devices >= 2 * CROWD_OF and number < CROWD_OF)
        fleet.take(f"{number:032x}", shows(dice, number, crowded=crowded), START)
    gc.collect()
    fill = (time.process_time() - fill) / devices * 1e6
    held = resident_kib() - before
    some = dice.sample(range(devices), min(devices, 5_000))
    later = START + timedelta(minutes=15)
    again = [(f"{number:032x}", shown_by(fleet, number), later) for number in some]
    same, _ = cpu(again, fleet)
    moved = [
        (device, shows(dice, number), later + timedelta(hours=1))
        for (device, _, _), number in zip(again, some, strict=True)
    ]
    other, _ = cpu(moved, fleet)
    joined = [
        (device, shows(dice, number, crowded=True), later + timedelta(hours=2))
        for (device, _, _), number in zip(again, some, strict=True)
    ]
    crowd, touched = cpu(joined, fleet)
    begun = time.process_time()
    for device, _, _ in again[:500]:
        fleet.ties(device, later.date())
    ties = (time.process_time() - begun) / 500 * 1e6
    print(
        f"{devices:>9,}  {held / devices:6.2f} KiB  new {fill:6.1f} us  same {same:6.1f} us  moved {other:6.1f} us"
        f"  into crowd {crowd:6.1f} us, touched {touched}  ties in crowd {ties:7.1f} us",
        flush=True,
    )


def shown_by(fleet: Fleet, number: int) -> dict[str, tuple[Seen, ...]]:
    """Returns what a device holds, by source, as it showed it."""
    held = [each.seen for each in fleet.held(f"{number:032x}") if each.now]
    of = {"network": ("gateway_mac", "gateway_maker"), "usb": ("usb_serial",), "displays": ("edid_serial",),
          "egress": ("egress", "egress_block", "egress_network"), "wifi": (), "peers": (), "kvm": ()}  # fmt: skip
    return {source: tuple(each for each in held if each.kind in kinds) for source, kinds in of.items()}


if __name__ == "__main__":
    for count in [int(each.replace(",", "")) for each in sys.argv[1:]] or [10_000, 100_000]:
        measure(count)
