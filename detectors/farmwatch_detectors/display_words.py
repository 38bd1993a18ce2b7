"""How `ip_kvm_display` says what a monitor is taken for."""

from farmwatch_schema.observables.displays import Display

from .catalog.edid import How, Kind, Match
from .hardware import quoted

_FACTS: dict[How, str] = {
    "pair": "It identifies itself as {}.",
    "digest": "Its first 128 bytes, serial included, are those published as {}.",
    "serial": "Maker, product and serial are those of the {} that firmware publishes, though other bytes differ.",
    "body": "Timings, colours and features are byte for byte those of {}, under another name.",
    "extension": "Its extension block is the one that {} appends to an edited EDID.",
}

_COMPARISONS: dict[Kind, str] = {
    "ip_kvm": "{} identifies itself as a {}, which shows a screen to somebody far away. "
    "15 of 113,248 collected monitors were such. Could it be the owner's, or a capture board with the same chip?",
    "kvm_board": "{} is the input of a {}, on which IP-KVMs and capture devices are built; few laptops have one. "
    "Could it be the owner's, for streaming or a project?",
    "residue": "{} carries what a {} leaves in a monitor's data after its names were changed. "
    "None of 2,552 real monitors examined does. Could it be a KVM of the owner's?",
    "donor": "{} is, serial included, the {} whose data KVM firmware offers as disguise. "
    "Only one such monitor was made. Could this be it, or a KVM with that preset?",
    "kvm_over_ip": "{} is the input of a {}, rare outside server rooms. Could the laptop be connected to a rack?",
    "capture_chip": "{} is the input of a {}. Streaming, meeting rooms and docks use them; so do "
    "KVM cables. Could it be the owner's?",
    "dummy_plug": "{} is a {}, a plug that poses as a monitor. People use them with a closed lid; so do "
    "farms. Could it be for that?",
}


def compared(match: Match, monitor: str) -> str:
    """Returns what a monitor, named as given, is taken for, and what others are."""
    left = match.how == "body" and match.entry.kind == "ip_kvm"
    return _COMPARISONS["residue" if left else match.entry.kind].format(monitor, match.entry.name)


def fact_of(match: Match, display: Display) -> str:
    """Returns the fact that it rests on."""
    pair = f"{display.manufacturer} {display.product} {quoted(display.name)}"
    return _FACTS[match.how].format(pair if match.how == "pair" else match.entry.name)
