"""Input devices in a file tree, in the form of /sys/class/input (drivers/input/input.c)."""

from .linux_tree import Tree

#: Bitmaps as in public listings of /proc/bus/input/devices: (ev, key, rel, abs, properties).
#: keyboard: "AT Translated Set 2 keyboard"; mouse: five buttons and a wheel; touchpad: "DELL08AF:00 06CB:76AF
#: Touchpad"; absolute: "QEMU QEMU USB Tablet"; touch: a touch screen; tablet: a pen; power: "Power Button".
FORMS: dict[str, tuple[str, str, str, str, str]] = {
    "keyboard": ("120013", "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe", "0", "0", "0"),
    "mouse": ("17", "1f0000 0 0 0 0", "903", "0", "0"),
    "touchpad": ("b", "e520 10000 0 0 0 0", "0", "2e0800000000003", "5"),
    "absolute": ("1f", "70000 0 0 0 0", "100", "3", "0"),
    "touch": ("b", "400 0 0 0 0 0", "0", "260800000000003", "2"),
    "tablet": ("1b", "1c03 0 0 0 0 0", "0", "d000003", "2"),
    "gamepad": ("20000b", "7fdb000000000000 0 0 0 0", "0", "3003f", "0"),
    "power": ("3", "10000000000000 0", "0", "0", "0"),
    "buttons": ("13", "1000300000000 0 0 0 3e000b 4 0", "0", "0", "0"),
}


def add_input(tree: Tree, number: int, name: str, form: str, parent: str, bustype: str, ids: str,
              driver: str = "") -> None:  # fmt: skip
    """Adds a device below /sys/devices/`parent`, with its link in /sys/class/input."""
    place = f"/sys/devices/{parent}/input/input{number}"
    ev, key, rel, absolute, properties = FORMS[form]
    vendor, _, product = ids.partition(":")
    tree.file(f"{place}/name", f"{name}\n")
    for part, text in (("bustype", bustype), ("vendor", vendor), ("product", product)):
        tree.file(f"{place}/id/{part}", f"{text}\n")
    for part, text in (("ev", ev), ("key", key), ("rel", rel), ("abs", absolute)):
        tree.file(f"{place}/capabilities/{part}", f"{text}\n")
    tree.file(f"{place}/properties", f"{properties}\n")
    tree.folder(f"{place}/event{number}")
    tree.link(f"/sys/class/input/input{number}", f"../../devices/{parent}/input/input{number}")
    if driver:
        tree.link(f"/sys/devices/{parent}/driver", f"../../bus/x/drivers/{driver}")
