r"""Cameras, microphones, and who used them or the screen, on Windows.

Sources: learn.microsoft.com for the setup classes Camera, Image and AudioEndpoint ("System-Defined Device Setup
Classes"), CLSID_VideoInputDeviceCategory ("Registering a Filter": what software registers stands below it, real cameras
do not) and MFCreateVirtualCamera (made below SWD\VCAMDEVAPI). CapabilityAccessManager's keys, a program's path with "#"
for "\" below NonPackaged and FILETIMEs in LastUsedTimeStart and LastUsedTimeStop (0 while in use), are not documented
by Microsoft; as Velociraptor's Windows.Registry.CapabilityAccessManager reads them. The HKLM branch is readable by
every user: github.com/GamerClassN7/HA_Desktop_Companion, pull 41 (2022-09-09).
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.media import Grant, MediaDevice, MediaUse

from ...host import Host, HostError, Missing
from ...host.windows.devices import WindowsDevice
from ...host.windows.registry import FILETIME_EPOCH, RegistryBranch
from ...paths import tilde, windows_name
from ..asking import outcome_of
from ..bounds import at_most, short
from ..windows_devices import asked, day, usb_ids
from ..windows_users import InHives, users

CAMERA = "{ca3e7ab9-b4c3-4ae6-8251-579ef933890f}"
IMAGE = "{6bdd1fc6-810f-11d0-bec7-08002be2092f}"
AUDIO_ENDPOINT = "{c166523c-fe0c-4a94-a586-f1a80cfbbf3e}"
#: An endpoint that sound is taken from; {0.0.0...} are speakers ("Endpoint ID Strings" calls the form opaque).
_CAPTURE = "\\{0.0.1."
FILTERS = r"CLSID\{860BB310-5D01-11d0-BD3B-00A0C911CE86}\Instance"
_CLASSES = (r"HKLM\SOFTWARE\Classes", r"HKLM\SOFTWARE\WOW6432Node\Classes")
STORE = r"SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore"
CAPABILITIES = {
    "webcam": "camera",
    "microphone": "microphone",
    "graphicsCaptureProgrammatic": "screen",
    "graphicsCaptureWithoutBorder": "screen",
}
_UNPACKAGED = "NonPackaged"
_GRANTS = {"Allow": True, "Deny": False}
#: Buses whose devices are soldered in, as enumerators name them.
_BUSES = {
    "USB": "usb",
    "PCI": "pci",
    "HDAUDIO": "builtin",
    "INTELAUDIO": "builtin",
    "ACPI": "builtin",
    "ROOT": "virtual",
}
MAX_DEVICES = 200
MAX_USES = 1_000
MAX_NAME = 200


def collect(host: Host) -> Iterator[Observable]:
    """Yields devices, uses and grants for the screen, and what could not be seen."""
    gaps: dict[str, Gap] = {}
    yield from at_most(dict.fromkeys([*_cameras(host, gaps), *_microphones(host, gaps)]), MAX_DEVICES, "media devices")
    who = users(host)
    hives = InHives(host, who)
    found: dict[MediaUse | Grant, None] = {}
    broken = 0
    for capability, what in CAPABILITIES.items():
        for packaged in (True, False):
            below = capability if packaged else rf"{capability}\{_UNPACKAGED}"
            keys: list[RegistryBranch] = []
            try:
                keys += host.rows(RegistryBranch, rf"HKLM\{STORE}\{below}")
            except Missing:
                pass
            except HostError as error:
                gaps["uses"] = Gap(what="uses of camera, microphone and screen", outcome=outcome_of(error))
            keys += hives.branch(rf"{STORE}\{below}")
            for key in keys:
                broken += bool(key.problem)
                if not key.problem and key.name != _UNPACKAGED:
                    found.update(dict.fromkeys(parse_consent(key, what, packaged=packaged)))
    latest: dict[tuple[str, str, str | None], MediaUse] = {}
    for item in found:
        if isinstance(item, MediaUse):
            known = latest.setdefault((item.what, item.app, item.path), item)
            # In use now counts as the latest of all.
            if not item.last_used or (known.last_used and item.last_used > known.last_used):
                latest[item.what, item.app, item.path] = item
    yield from at_most((*latest.values(), *(item for item in found if isinstance(item, Grant))), MAX_USES, "uses")
    if broken:
        gaps["broken"] = Gap(what="uses of camera, microphone and screen", outcome="broken", count=bucket(broken))
    yield from (*gaps.values(), *who.gaps, *hives.gaps())


def parse_consent(key: RegistryBranch, what: str, *, packaged: bool) -> Iterator[MediaUse | Grant]:
    """Yields the use that one application's key tells, and for the screen whether it may."""
    path = None if packaged else key.name.replace("#", "\\")
    app = (key.name if path is None else windows_name(path))[:MAX_NAME]
    told = None if path is None else short(tilde(path))
    began, ended = (_seconds(key, f"LastUsedTime{end}") for end in ("Start", "Stop"))
    if began > 0:
        yield MediaUse(what=what, app=app, path=told, last_used="" if ended <= 0 else day(ended))
    allowed = _GRANTS.get(key.texts.get("Value", ""))
    if what == "screen" and packaged and allowed is not None:
        yield Grant(what=what, app=app, allowed=allowed, given_by="user")


def parse_camera(device: WindowsDevice) -> MediaDevice:
    """Returns a camera of the device list."""
    shared = device.instance.upper().startswith("SWD\\VCAMDEVAPI")
    virtual = shared or device.enumerator == "ROOT"
    vendor, product, _ = usb_ids(device) if device.enumerator == "USB" else ("", "", "")
    return MediaDevice(
        what="camera",
        # A phone that serves as a camera is made so, and bears the name that a person gave it.
        name="" if shared else (device.name or device.description)[:MAX_NAME],
        virtual=True if virtual else False if device.enumerator in ("USB", "PCI", "ACPI") else None,
        bus="virtual" if virtual else _BUSES.get(device.enumerator, ""),
        vendor_id=vendor,
        product_id=product,
    )


def parse_microphone(device: WindowsDevice) -> MediaDevice:
    """Returns a microphone: an endpoint whose parent, where Windows tells it, is the device behind it."""
    above = device.parent.partition("\\")[0].upper()
    vendor, product, _ = usb_ids(WindowsDevice(instance=device.parent)) if above == "USB" else ("", "", "")
    return MediaDevice(
        what="microphone",
        # Bluetooth headsets bear the names that people gave them.
        name="" if above.startswith("BTH") else (device.name or device.description)[:MAX_NAME],
        virtual=True if above == "ROOT" else False if above in _BUSES else None,
        bus=_BUSES.get(above, ""),
        vendor_id=vendor,
        product_id=product,
    )


def _cameras(host: Host, gaps: dict[str, Gap]) -> Iterator[MediaDevice]:
    for group in (CAMERA, IMAGE):
        try:
            devices = _told(host, group, "cameras", gaps)
        except Missing:
            continue
        except HostError as error:
            gaps["cameras"] = Gap(what="cameras", outcome=outcome_of(error))
            continue
        # Scanners are of the class Image, too; cameras in it are run by usbvideo or by software.
        for device in devices:
            if device.present and (
                group == CAMERA or device.service.casefold() == "usbvideo" or device.enumerator == "ROOT"
            ):
                yield parse_camera(device)
    for classes in _CLASSES:
        try:
            filters = host.rows(RegistryBranch, rf"{classes}\{FILTERS}")
        except Missing:
            continue
        except HostError as error:
            gaps["filters"] = Gap(what="cameras that software registers", outcome=outcome_of(error))
            continue
        for key in filters:
            name = key.texts.get("FriendlyName", "").strip()
            if name:
                yield MediaDevice(what="camera", name=name[:MAX_NAME], virtual=True, bus="virtual")


def _microphones(host: Host, gaps: dict[str, Gap]) -> Iterator[MediaDevice]:
    try:
        devices = _told(host, AUDIO_ENDPOINT, "microphones", gaps)
    except Missing:
        return
    except HostError as error:
        gaps["microphones"] = Gap(what="microphones", outcome=outcome_of(error))
        return
    for device in devices:
        if device.present and _CAPTURE in device.instance:
            yield parse_microphone(device)


def _told(host: Host, setup_class: str, what: str, gaps: dict[str, Gap]) -> list[WindowsDevice]:
    left: list[Gap] = []
    devices = asked(host.rows(WindowsDevice, setup_class), what, left)
    gaps.update((gap.what, gap) for gap in left)
    return devices


def _seconds(key: RegistryBranch, name: str) -> float:
    """Returns a FILETIME as seconds since 1970; 0 when there is none or it is of another type."""
    value = key.numbers.get(name, 0)
    return max(0.0, value / 1e7 - FILETIME_EPOCH)
