"""Counters in place of events: /proc/interrupts and urbnum, as the kernel's documentation shows them."""

from pathlib import Path

from farmwatch_agent.host.input_counts import InputSource
from farmwatch_agent.host.input_watch import InputCounter
from farmwatch_agent.host.linux.input_devices import Found, devices
from farmwatch_agent.host.linux.interrupts import CounterWatcher, parse_interrupts
from tests.agent.input_tree import add_input

from ..linux_tree import Tree

NOON = 1_795_348_800.0
#: Form: Documentation/filesystems/proc.rst, 1.2; names as the kernel's drivers request them.
TABLE = """            CPU0       CPU1
   1:       {kbd}          4  IR-IO-APIC    1-edge      i8042
   8:          0          0  IR-IO-APIC    8-edge      rtc0
  12:       {aux}          7  IR-IO-APIC   12-edge      i8042
  16:          0         99  IR-IO-APIC   16-fasteoi   i801_smbus, idma64.0, i2c_designware.0
  51:       {pad}          0  IR-IO-APIC   51-fasteoi   DELL08AF:00
 127:          0   12345678  IR-PCI-MSI 327680-edge      xhci_hcd
 NMI:          1          2   Non-maskable interrupts
 ERR:          0
"""


def table(kbd: int = 100, aux: int = 200, pad: int = 300) -> str:
    return TABLE.format(kbd=kbd, aux=aux, pad=pad)


def test_interrupts_are_summed_over_processors() -> None:
    found = parse_interrupts(table())
    assert found["1", "i8042"] == 104
    assert found["12", "i8042"] == 207
    assert found["51", "DELL08AF:00"] == 300
    assert found["16", "i801_smbus"] == found["16", "idma64.0"] == found["16", "i2c_designware.0"] == 99
    assert not any(number in ("NMI", "ERR") for number, _ in found)


def test_a_table_that_makes_no_sense_holds_nothing() -> None:
    assert parse_interrupts("") == {}
    assert parse_interrupts("  CPU0 CPU1\n 1: x y i8042\n 2: 1\nnonsense\n:::") == {}


class Laptop:
    """A file tree whose counters move, and a watcher over them."""

    def __init__(self, folder: Path) -> None:
        self.tree = Tree(folder)
        self.wall, self.monotonic = NOON, 100.0
        self.counters: dict[str, int] = {}
        add_input(
            self.tree, 1, "AT Translated Set 2 keyboard", "keyboard", "platform/i8042/serio0", "0011", "0001:0001"
        )
        add_input(self.tree, 5, "DELL08AF:00 06CB:76AF Touchpad", "touchpad",
                  "pci0000:00/0000:00:15.0/i2c_designware.0/i2c-1/i2c-DELL08AF:00/0018:06CB:76AF.0001", "0018",
                  "06cb:76af")  # fmt: skip
        self.usb("1-2", ("03", "03"), 1000)
        self.usb("1-5", ("03", "08"), 5000)
        for number, name, kind in ((7, "1-2", "keyboard"), (8, "1-2", "mouse"), (9, "1-5", "absolute")):
            add_input(self.tree, number, "Example", kind,
                      f"pci0000:00/0000:00:14.0/usb1/{name}/{name}:1.0/0003:046D:C52B.000{number}", "0003",
                      "046d:c52b" if name == "1-2" else "1d6b:0104")  # fmt: skip
        self.table()
        self.watcher = CounterWatcher(
            self.tree.host(euid=1000),
            InputCounter("interrupts", self.wall, self.monotonic),
            lambda: [it for it in devices(self.tree.host()) if isinstance(it, Found)],
            wall=lambda: self.wall,
            monotonic=lambda: self.monotonic,
        )
        self.watcher.step()

    def usb(self, name: str, classes: tuple[str, ...], transfers: int) -> None:
        self.tree.file(f"/sys/bus/usb/devices/{name}/urbnum", f"{transfers}\n")
        for number, triple in enumerate(classes):
            self.tree.file(f"/sys/bus/usb/devices/{name}/{name}:1.{number}/bInterfaceClass", f"{triple}\n")

    def table(self, **counts: int) -> None:
        self.tree.file("/proc/interrupts", table(**counts))

    def look(self) -> dict[InputSource, int]:
        self.wall += 30
        self.monotonic += 30
        self.watcher.step()
        (row,) = self.watcher.counter.rows()
        return {count.source: count.seconds for count in row.sources}


def test_a_counter_that_moved_makes_half_a_minute_of_its_device(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path)
    assert laptop.look() == {}
    laptop.table(kbd=140, pad=900)
    keyboard = InputSource(bus="builtin", function="keyboard", absolute=False, vendor_id="0001", product_id="0001")
    touchpad = InputSource(bus="builtin", function="pointer", absolute=False, vendor_id="06cb", product_id="76af")
    assert laptop.look() == {keyboard: 30, touchpad: 30}
    assert laptop.look() == {keyboard: 30, touchpad: 30}


def test_keyboard_and_mouse_of_one_receiver_are_not_told_apart(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path)
    laptop.usb("1-2", ("03", "03"), 1044)
    receiver = InputSource(bus="usb", function="", absolute=False, vendor_id="046d", product_id="c52b")
    assert laptop.look() == {receiver: 30}


def test_a_device_that_is_also_a_disk_is_not_counted_because_disks_transfer_by_themselves(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path)
    laptop.usb("1-5", ("03", "08"), 9999)
    assert laptop.look() == {}


def test_a_counter_that_is_new_or_began_again_says_what_it_can(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path)
    (tmp_path / "sys/bus/usb/devices/1-2/urbnum").unlink()
    laptop.table(kbd=3)  # fewer than before: it was reset, and counted since
    assert [source.function for source in laptop.look()] == ["keyboard"]
    laptop.usb("1-2", ("03", "03"), 7)  # plugged in again
    laptop.look()
    assert len(laptop.look()) == 1


def test_without_any_counter_nothing_was_watched(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path)
    laptop.look()
    (tmp_path / "proc/interrupts").unlink()
    for name in ("1-2", "1-5"):
        (tmp_path / f"sys/bus/usb/devices/{name}/urbnum").unlink()
    laptop.look()
    (row,) = laptop.watcher.counter.rows()
    assert (row.watched, row.active) == (30, 0)
