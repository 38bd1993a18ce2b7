"""States that the system's own remote desktop is open to the network, or that somebody is connected to it.

Detects
    Built-in remote desktop (GNOME Remote Desktop, krfb, vino, xrdp, Windows Remote Desktop, macOS Screen Sharing) open
    to the network, or on loopback beside a program that forwards ports from outside: level 1. A live session from
    elsewhere: level 2; from a public address: level 3. For the laptop itself only: shown, not counted.
Why
    It needs no extra program, so no list of tools shows it, and it lets the laptop be driven all day.
Innocent explanations
    Help desk; working on the office machine from home; a colleague on the same network; a test laboratory. On a
    virtual machine a session is the desk itself: shown and not counted.
Blind spots
    A session through a tunnel that ends on the laptop comes from loopback. Without rights the owner of a listener is
    hidden: a usual port counts only while its program or service is seen.
Triage
    Ask who connects and from where; compare with help-desk tickets. Switch remote desktop off by policy.
References
    T1021.001 Remote Desktop Protocol, T1021.005 VNC; catalog/remote_access.yaml, category os-builtin.
"""

from .desktops import Desktop, desktops_of, words_of_ports
from .detector import Detector, Findings
from .hardware import quoted
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields one finding per built-in remote desktop that listens, and one for logins that none explains."""
    for desktop in desktops_of(device):
        level, what = _level(desktop)
        what = f"{desktop.name} {what}"
        sanction = device.allowed(tool=desktop.tool.id) if desktop.tool else None
        if sanction is not None:
            level, sentence = 0, f"{what}. Policy allows it here: {sanction.words}."
        elif level:
            sentence = (
                f"{what}. It comes with the system, and most laptops keep it off. "
                "Could it be help desk or working from another room? Check: tickets, then ask who connects."
            )
        else:
            needed = "is it needed? Nobody reaches it without a tunnel."
            sentence = f"{what}. Check: {'is this desktop registered?' if desktop.logins else needed}"
        subject = desktop.tool.id if desktop.tool else desktop.logins[0].protocol
        yield DETECTOR.finding(level, sentence, desktop.evidence, subject, sanction=sanction)


def _level(desktop: Desktop) -> tuple[int, str]:
    if desktop.connections or (desktop.logins and not desktop.virtual):
        place = "a public address" if desktop.public else "another machine"
        return 3 if desktop.public else 2, f"has somebody connected from {place}"
    if desktop.open_ports:
        return 1, f"is switched on and open to the network on {words_of_ports(desktop.open_ports)}"
    inner = words_of_ports(desktop.inner_ports)
    if desktop.forwarder:
        whom = quoted(desktop.forwarder)
        return 1, f"listens on {inner} while {whom} forwards ports of this laptop to the outside"
    if desktop.logins:
        return 0, "has somebody connected, as every virtual desktop has"
    return 0, f"listens on {inner}, for the laptop itself only"


DETECTOR = Detector(
    id="os_remote_desktop",
    group="R",
    title="Built-in remote desktop open or in use",
    attack=("T1021.001", "T1021.005"),
    consumes=("processes", "services", "software", "sockets", "sessions", "host"),
    detect=detect,
)
