"""How owners of IP-KVMs hide them: each disguise changes what the product's settings, or its owner's hands, change.

    default      as it comes
    preset       an identity, and where there is one an EDID, that its settings offer
    donor        ids, names and serial of a real keyboard, by import or by hand
    relative     the absolute pointer is off
    storage_off  drives and network functions are off
    edid         the EDID of another monitor: whole, or its names over the own body
    full_speed   configfs `max_speed` holds it at 12 Mbit/s
    user_space   its HID functions are served through FunctionFS: no names of the kernel's, no HID 1.01
    all          all that the product can do, at once

A product that cannot do a disguise has no such combination: docs/scenarios.md says which and why.
"""

import random
from collections.abc import Callable

import msgspec

from .. import monitors
from . import pictures
from .hardware import BOOT_MOUSE, NANO_HID_ABSOLUTE, NANO_KEYBOARD, PRODUCTS, Built, Part, as_it_comes

DISGUISES = ("default", "preset", "donor", "relative", "storage_off", "edid", "full_speed", "user_space", "all")

#: Keyboards and receivers that an owner may take the identity of: ids, manufacturer, product, bcdDevice, serial.
#: Names and releases as public dumps of these products show them.
DONORS = (
    ("046d:c31c", "Logitech", "USB Keyboard", "6402", ""),
    ("046d:c52b", "Logitech", "USB Receiver", "1211", ""),
    ("413c:2113", "Dell", "Dell KB216 Wired Keyboard", "0110", ""),
    ("045e:0750", "Microsoft", "Wired Keyboard 600", "0110", ""),
    ("17ef:6099", "LiteOn", "Lenovo Traditional USB Keyboard", "0114", ""),
)

#: What a KVM shows as a monitor when nobody changed it. One-KVM, CH9329 cables and Teensys have a capture stick.
_PICTURES = {
    "pikvm": (monitors.PIKVM_V4_PLUS, pictures.PIKVM_V3),
    "comet": (pictures.COMET,),
    "jetkvm": (pictures.JETKVM,),
    "nanokvm": (pictures.NANOKVM,),
    "tinypilot": (pictures.TINYPILOT,),
    "blikvm": (pictures.BLIKVM,),
    "pico_hid": (pictures.PIKVM_V0,),
}

#: 63 bytes that NanoKVM's HID-only mode shares with JetKVM's keyboard (S03usbhid).
_NANO_HID_KEYBOARD = NANO_KEYBOARD.replace("25e7", "2565").replace("29e78100c0", "29658100c0")


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """An IP-KVM as it is plugged in.

    edid      what it shows as a monitor
    absolute  its pointer moves by absolute position
    detail    what was chosen where a disguise leaves a choice
    """

    built: Built
    edid: bytes
    absolute: bool
    detail: str = ""


def possible(kvm: str) -> tuple[str, ...]:
    """Returns the disguises that a product can do."""
    product = PRODUCTS[kvm]
    offered = {"default": True, "preset": bool(product.presets), "donor": bool(product.identity), "all": True}
    return tuple(each for each in DISGUISES if offered.get(each, each in product.can))


def set_up(kvm: str, disguise: str, chance: random.Random) -> Setup:
    """Returns a product under a disguise; raises KeyError for one that it cannot do."""
    if disguise not in possible(kvm):
        raise KeyError(f"{kvm} cannot do {disguise}")
    product = PRODUCTS[kvm]
    own = chance.choice(_PICTURES.get(kvm) or (pictures.capture_chip(chance),))
    # Boards bear a serial of their own each; firmware of the others writes one for all units, or none.
    serial = f"{chance.randrange(10**7, 10**8)}" if kvm in ("teensy", "pico_hid") else ""
    setup = Setup(built=as_it_comes(product, serial), edid=own, absolute=True)
    if disguise == "default":
        return setup
    steps = [each for each in possible(kvm) if each not in ("default", "preset", "all")]
    for step in steps if disguise == "all" else [disguise]:
        setup = _STEPS[step](kvm, setup, chance)
    return setup


def _preset(_kvm: str, setup: Setup, chance: random.Random) -> Setup:
    """JetKVM's settings: an identity with a made-up serial of Windows' look, and one of three monitors."""
    place = chance.randrange(len(setup.built.product.presets))
    ids, manufacturer, name = setup.built.product.presets[place]
    serial = f"{chance.randrange(1, 10)}&{chance.getrandbits(28):07x}&0&1"
    built = msgspec.structs.replace(setup.built, ids=ids, manufacturer=manufacturer, name=name, serial=serial)
    edid = chance.choice(pictures.JETKVM_PRESETS)
    return msgspec.structs.replace(setup, built=built, edid=edid, detail=ids)


def _donor(kvm: str, setup: Setup, chance: random.Random) -> Setup:
    """A keyboard's identity. PiKVM's import takes bcdDevice too and puts the maker into the inquiry strings
    (pikvm/kvmd:kvmd/apps/otgconf/__init__.py@55083337627a8d64e9f627d0bde3ef31c7fb486f); a Comet's and a JetKVM's
    inquiry strings stay (gl-inet/glkvm issue 66); NanoKVM's files hold the two ids alone.
    """
    ids, manufacturer, name, release, serial = chance.choice(DONORS)
    built = setup.built
    if built.product.identity == "ids" and setup.detail != "script":
        return msgspec.structs.replace(setup, built=msgspec.structs.replace(built, ids=ids), detail=ids)
    parts = built.parts
    if kvm == "pikvm":
        parts = tuple(
            msgspec.structs.replace(part, inquiry=(manufacturer, part.inquiry[1])) if part.role == "storage" else part
            for part in parts
        )
    built = msgspec.structs.replace(
        built, ids=ids, manufacturer=manufacturer, name=name, serial=serial, parts=parts,
        bcd_device=release if kvm in ("pikvm", "tinypilot", "blikvm") else built.bcd_device,
    )  # fmt: skip
    return msgspec.structs.replace(setup, built=built, detail=ids)


def _relative(_kvm: str, setup: Setup, _chance: random.Random) -> Setup:
    """The absolute mouse is switched off; PiKVM and the Pico then have one relative mouse instead.

    A chip or board with both reports in one interface keeps its descriptors and sends relative ones.
    """
    built = setup.built
    parts = [part for part in built.parts if part.role != "absolute"]
    if not any(part.role in ("relative", "both") for part in parts):
        size = next(part.size for part in built.parts if part.role == "absolute")
        boot = Part(role="relative", triple="03/01/02", report=BOOT_MOUSE, size=size)
        parts.insert(1, boot)
    built = msgspec.structs.replace(built, parts=tuple(parts))
    return msgspec.structs.replace(setup, built=built, absolute=False)


def _storage_off(kvm: str, setup: Setup, _chance: random.Random) -> Setup:
    """Drives and network functions are off. NanoKVM has a mode for it, with other descriptors and no serial."""
    built = setup.built
    parts = tuple(part for part in built.parts if part.role not in ("storage", "net"))
    if kvm == "nanokvm":
        parts = tuple(_HID_ONLY.get(part.role, part) if part.role != "relative" else
                      msgspec.structs.replace(part, triple="03/01/02") for part in parts)  # fmt: skip
        built = msgspec.structs.replace(built, serial="", bcd_device="0623")
    return msgspec.structs.replace(setup, built=msgspec.structs.replace(built, parts=parts))


_HID_ONLY = {
    "keyboard": Part(role="keyboard", triple="03/01/01", report=_NANO_HID_KEYBOARD, size=8, out=True),
    "absolute": Part(role="absolute", triple="03/00/02", report=NANO_HID_ABSOLUTE, size=6, out=True),
}


def _edid(kvm: str, setup: Setup, chance: random.Random) -> Setup:
    """Another monitor's EDID: a whole one, or its names over the own body where a tool does that.

    Openterface's tool changes name and serial of a capture stick; nobody offers more for one.
    """
    stick = kvm not in _PICTURES
    whole = not stick and (kvm in ("jetkvm", "nanokvm", "comet") or chance.random() < 0.5)
    edid = pictures.donor(chance) if whole else pictures.adopted(setup.edid, chance)
    if kvm == "comet":
        edid = pictures.with_comet_block(edid)
    return msgspec.structs.replace(setup, edid=edid, detail=setup.detail or ("whole" if whole else "names"))


def _full_speed(_kvm: str, setup: Setup, _chance: random.Random) -> Setup:
    return msgspec.structs.replace(setup, built=msgspec.structs.replace(setup.built, speed=12.0))


def _user_space(_kvm: str, setup: Setup, _chance: random.Random) -> Setup:
    """A program of the owner's serves the HID functions; packets are as long as an ordinary mouse's."""
    parts = tuple(
        msgspec.structs.replace(part, size=8, out=False) if part.role not in ("storage", "net") else part
        for part in setup.built.parts
    )
    built = msgspec.structs.replace(setup.built, parts=parts, user_space=True)
    return msgspec.structs.replace(setup, built=built)


_STEPS: dict[str, Callable[[str, Setup, random.Random], Setup]] = {
    "preset": _preset,
    "donor": _donor,
    "relative": _relative,
    "storage_off": _storage_off,
    "edid": _edid,
    "full_speed": _full_speed,
    "user_space": _user_space,
}
