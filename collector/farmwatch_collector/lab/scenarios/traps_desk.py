"""Traps of desks and programs: what people plug in, run, and let others do with their leave."""

from datetime import timedelta

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.displays import DisplayAdapter
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDevice, InputShare
from farmwatch_schema.observables.sessions import Session

from .. import equipment, monitors, programs
from . import boards, hours, innocents, ordinary, permissions, pictures, tampering, tunnels
from .device import Change, Device, Facts
from .drafting import Draft
from .life import Habits
from .remote import Found, found
from .trap_table import trap


def with_things(things: Found) -> Change:
    """Returns the change that adds these things."""

    def change(facts: Facts) -> None:
        for kind, items in things.items():
            facts.add(kind, *items)

    return change


def without(things: Found) -> Change:
    """Returns the change that takes these things away again, by their names."""
    names = {
        kind: {getattr(item, "name", getattr(item, "owner", "")) for item in items} for kind, items in things.items()
    }

    def change(facts: Facts) -> None:
        for kind, gone in names.items():
            facts.drop(kind, lambda item, gone=gone: getattr(item, "name", getattr(item, "owner", "")) in gone)  # type: ignore[misc]

    return change


def injected(device: Device, percent: int, function: str = "keyboard") -> None:
    """Adds input that a program gives to the usual shares."""
    device.use.usual = with_injected(device, function, percent)


def with_injected(device: Device, function: str, percent: int) -> hours.Shares:
    """Returns the usual shares with more input of a program, told once for each function."""
    bus = "virtual" if device.platform == "linux" else "injected"
    same = [each for each in device.use.usual if (each.bus, each.function) == (bus, function)]
    total = min(100, percent + sum(each.percent for each in same))
    others = tuple(each for each in device.use.usual if each not in same)
    return (*others, InputShare(bus=bus, function=function, percent=total))


@trap(5, 0.002, "assumed; engineers with a lab KVM")
def pikvm_registered(work: Draft, devices: list[Device]) -> Habits:
    """An engineer's PiKVM that the company registered, on the laptop during working hours."""
    (device,) = devices
    serial = f"LAB-{work.chance.getrandbits(32):08X}"
    work.sanction("asset_serial", serial, "test bench of the firmware lab", asset_product="pikvm", devices=[device.id])
    _pikvm(device, serial)
    return Habits()


@trap(5, 0.001, "assumed; counted by itself: review, as a question, is right")
def pikvm_unregistered(_work: Draft, devices: list[Device]) -> Habits:
    """An engineer's own PiKVM that nobody registered."""
    (device,) = devices
    _pikvm(device, "CAFEBABE")
    return Habits()


def _pikvm(device: Device, serial: str) -> None:
    ordinary.at_desk(device)
    device.facts.add("usb", equipment.pikvm("1-4", serial))
    edid = monitors.PIKVM_V4_PLUS if serial == "CAFEBABE" else monitors.with_serial(monitors.PIKVM_V4_PLUS, serial)
    device.facts.add("displays", monitors.display(ordinary.next_connector(device), edid))


@trap(6, 0.01, "assumed; accessibility tools that give input by themselves", stage=2)
def accessibility(work: Draft, devices: list[Device]) -> None:
    """Screen reader, switch control, on-screen keyboard, eye tracking: a program gives most of the input."""
    (device,) = devices
    tool = innocents.on_screen_keyboard if work.chance.random() < 0.5 else innocents.screen_reader
    with_things(tool(device.platform))(device.facts)
    part = work.chance.choice((30, 60, 90, 95))
    device.use.usual = tuple(
        msgspec.structs.replace(share, percent=max(5, share.percent * (100 - part) // 500 * 5))
        for share in device.use.usual
    )
    injected(device, part)
    if tool is innocents.on_screen_keyboard:
        injected(device, part, "pointer")


@trap(7, 0.06, "assumed; password managers and text expanders", stage=2)
def typed_by_program(work: Draft, devices: list[Device]) -> None:
    """A password manager or text expander types now and then."""
    (device,) = devices
    tool = work.chance.choice((innocents.password_manager, innocents.text_expander))
    with_things(tool(device.platform))(device.facts)
    injected(device, work.chance.choice((5, 5, 10)))


@trap(8, 0.04, "assumed; help-desk sessions in four weeks", unlike=("rmm_migration",), stage=3)
def help_desk(work: Draft, devices: list[Device]) -> None:
    """A session with the help desk through the company's TeamViewer, or through Windows's Quick Assist."""
    (device,) = devices
    work.sanction("tool", "teamviewer", "the help desk's tool")
    with_things({"processes": list(programs.team_viewer(device.platform))})(device.facts)
    at = device.enrolled + work.chance.randrange(1, max(2, work.scenario.days - 1)) * hours.DAY + 4 * 3600
    assist: Found = {"processes": list(innocents.quick_assist(device.platform))}
    device.later(at, with_things(assist))
    device.later(at + 2400, without(assist))
    _remote_hand(device, at)


@trap(8, 0.02, "assumed; a company changes its RMM")
def rmm_migration(work: Draft, devices: list[Device]) -> None:
    """A migration week: the old sanctioned tool and the new sanctioned one side by side."""
    (device,) = devices
    work.sanction("tool", "teamviewer", "the help desk's tool")
    work.sanction("tool", "screenconnect", "the help desk's new tool")
    old: Found = {"processes": list(programs.team_viewer(device.platform))}
    with_things(old)(device.facts)
    at = device.enrolled + 3 * hours.DAY
    device.later(at, with_things(innocents.screen_connect(device.platform)))
    device.later(at + 7 * hours.DAY, without(old))


def _remote_hand(device: Device, at: int) -> None:
    """On the day of a session a program gives some of the input."""
    usual = device.use.usual
    for each in ("keyboard", "pointer"):
        device.use.usual = with_injected(device, each, 10)
    device.use.shares[at // hours.DAY], device.use.usual = device.use.usual, usual


@trap(9, 0.08, "assumed; developers")
def developer(work: Draft, devices: list[Device]) -> None:
    """VS Code tunnel, mesh VPN, WSL and Docker interfaces."""
    (device,) = devices
    chance = work.chance
    with_things(innocents.containers(device.platform))(device.facts)
    if chance.random() < 0.3:
        tunnels.set_up(device, "tailscale", device.enrolled)
    if chance.random() < 0.2:
        with_things(innocents.code_tunnel(device.platform))(device.facts)
    ordinary.at_desk(device, screens=2)


@trap(10, 0.015, "assumed; virtual desktops", alone=True)
def virtual_desktop(_work: Draft, devices: list[Device]) -> Habits:
    """A virtual machine that people reach by remote desktop: an absolute pointer is how it works."""
    (device,) = devices
    product = "VMware" if device.platform != "macos" else "Apple Virtualization"

    device.facts.items["host"] = tuple(
        msgspec.structs.replace(item, hypervisor=product.lower(), chassis="virtual", vendor="VMware, Inc.",
                                model="VMware20,1")
        if isinstance(item, HostFacts) else item
        for item in device.facts.items["host"]
    )  # fmt: skip
    device.facts.items["usb"] = ()
    device.facts.put("displays", DisplayAdapter(name="VMware SVGA 3D", driver="vm3dmp", hardware_id="pci/15ad/0405"))
    device.facts.put(
        "input_source",
        InputDevice(name="VMware Virtual USB Mouse", bus="usb", functions=("pointer",), absolute=True, vendor_id="0e0f",
                    product_id="0003", driver="hid-generic"),
        InputDevice(name="VMware Virtual Keyboard", bus="usb", functions=("keyboard",), absolute=False,
                    vendor_id="0e0f", product_id="0006", driver="hid-generic"),
    )  # fmt: skip
    device.use.usual = ordinary.usb_shares(100, absolute=True)
    if device.platform == "windows":
        user, client = unkeyed("user", f"user{device.number}"), unkeyed("address", "10.20.0.7")
        device.facts.put("sessions", Session(origin="remote", protocol="rdp", user=user, client=client))
        remote = tuple(InputShare(bus="remote", function=each, percent=100) for each in ("keyboard", "pointer"))
        device.use.usual = remote
    device.cohort = "virtual_desktop"
    return Habits(night_awake=True, mains=None, meetings=0)


@trap(11, 0.03, "assumed; gaming keyboards and hubs")
def gamer(work: Draft, devices: list[Device]) -> None:
    """An 8 kHz keyboard at high speed, a dock with hubs; now and then Parsec to play at home."""
    (device,) = devices
    device.facts.add("usb", equipment.fast_gaming_keyboard("1-3", f"8K{device.number:09}"))
    device.facts.add("usb", *equipment.dock("2-1", f"00{device.number:08X}"))
    closed = any(getattr(item, "lid", "") == "closed" for item in device.facts.items["power"])
    device.use.usual = ordinary.usb_shares(100) if closed else (*ordinary.usb_shares(80), *ordinary.built_in_shares(20))
    if work.chance.random() < 0.1:
        device.facts.add("processes", programs.parsec(device.platform))


@trap(12, 0.03, "osquery issue 8106: identical monitors with one serial", stage=0)
def twin_monitors(_work: Draft, devices: list[Device]) -> None:
    """Two identical monitors that bear the same serial, as some makers ship them."""
    (device,) = devices
    edid = monitors.built("AOC", 0x2401, "24B1W1", "000000000000", 52, 29, 2020)
    for _ in range(2):
        device.facts.add("displays", monitors.display(ordinary.next_connector(device), edid))


@trap(15, 0.02, "assumed; macOS 14 and Windows 24H2 took rights away")
def permission_off(work: Draft, devices: list[Device]) -> None:
    """An update of the system takes a permission from the agent: unknown, and not clean."""
    (device,) = devices
    chance = work.chance
    name = chance.choice([each for each in permissions.MISSING[1:] if permissions.is_missing_on(each, device.platform)])
    device.facets["missing"] = name
    days = chance.randrange(1, max(2, work.scenario.days))
    permissions.take_away(device, name, device.enrolled + days * hours.DAY)


@trap(15, 0.005, "assumed; laptops with a second system that keeps local time in the clock")
def dual_boot(work: Draft, devices: list[Device]) -> None:
    """A second system that keeps local time in the clock: off by whole hours after each change, until time is set."""
    (device,) = devices
    if device.platform == "macos":
        return
    offset = -60 * hours.offset_minutes(device.time_zone, device.first)
    for day in range(2, work.scenario.days, 3):
        at = hours.local_midnight(device.time_zone, device.first + timedelta(days=day)) + 9 * 3600
        device.later(at, tampering.clock_off(offset), wakes=False)
        device.later(at + 5400, tampering.clock_off(0), wakes=False)


@trap(17, 0.015, "assumed; KVM switches and capture cards")
def switch_or_capture(work: Draft, devices: list[Device]) -> None:
    """A keyboard and screen switch with an EDID of its own, or a capture card for streaming."""
    (device,) = devices
    chance = work.chance
    kind = chance.choice(("switch", "elgato", "capture_stick"))
    device.vary(kind)
    edid = {
        "switch": monitors.built("ATN", 0x1040, "ATEN CS1942", "", 53, 30, 2020),
        "elgato": monitors.built("EGA", 0x0001, "Elgato", "", 0, 0, 2013),
        "capture_stick": pictures.capture_chip(chance),
    }[kind]
    ordinary.at_desk(device)
    device.facts.add("displays", monitors.display(ordinary.next_connector(device), edid))
    device.facts.add("media", *innocents.streaming(device.platform))


@trap(17, 0.01, "assumed; a television as second screen, and a board with macro keys", unlike=("switch_or_capture",))
def macro_pad(work: Draft, devices: list[Device]) -> None:
    """A television or a monitor that names no size as second screen, and a macro pad of one's own on an Arduino."""
    (device,) = devices
    size = work.chance.choice(((0, 0), (0, 0), (121, 68)))
    device.vary("no size" if size == (0, 0) else "television")
    ordinary.at_desk(device)
    edid = monitors.built("SAM", 0x0F9C, "SAMSUNG", "", *size, 2019)
    device.facts.add("displays", monitors.display(ordinary.next_connector(device), edid))
    pad = boards.macro_pad("1-6")
    device.facts.add("usb", pad)
    device.facts.add(
        "input_source",
        InputDevice(name="Arduino LLC Arduino Leonardo", bus="usb", functions=("keyboard",), absolute=False,
                    vendor_id=pad.vendor_id, product_id=pad.product_id, driver="hid-generic"),
    )  # fmt: skip


@trap(18, 0.05, "assumed; staff who write more than one language")
def bilingual(work: Draft, devices: list[Device]) -> None:
    """Several keyboard layouts and languages: never a reason."""
    (device,) = devices
    layouts, languages = work.chance.choice(
        ((("us", "kr"), ("en-US", "ko-KR")), (("us", "cn"), ("en-US", "zh-CN")), (("us", "de"), ("en-US", "de-DE")))
    )
    device.facts.items["host"] = tuple(
        msgspec.structs.replace(item, keyboard_layouts=layouts, languages=languages)
        for item in device.facts.items["host"]
    )


@trap(19, 0.03, "assumed; presentations and long builds")
def presenter(work: Draft, devices: list[Device]) -> None:
    """A keep-awake program during presentations or builds, an hour or two at a time."""
    (device,) = devices
    things = innocents.keep_awake(device.platform)
    for day in range(1, work.scenario.days, 3):
        at = device.enrolled + day * hours.DAY + 2 * 3600
        device.later(at, with_things(things))
        device.later(at + work.chance.randrange(3600, 7200), without(things))


@trap(8, 0.01, "assumed; somebody installed a tool for a reason of their own")
def own_tool(work: Draft, devices: list[Device]) -> None:
    """AnyDesk or Chrome Remote Desktop of the person's own, to help their parents: one signal, and no more."""
    (device,) = devices
    tool = work.chance.choice(("anydesk", "chrome_remote_desktop", "rustdesk"))
    device.facets["software"] = tool
    with_things(found(tool, device.platform))(device.facts)
