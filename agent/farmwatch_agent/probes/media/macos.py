"""Cameras, microphones and grants on macOS.

Sources: system_profiler(8), SPCameraDataType (as in kolide/launcher's table of it) and SPAudioDataType; CoreMediaIO DAL
plug-ins and HAL plug-ins lie in folders of their own; /Library/SystemExtensions/db.plist, keys as osquery's table
system_extensions reads them; TCC.db: host/macos/tcc.py; MDMOverrides.plist: keys as github.com/munkicon reads them
(Authorization since macOS 11, Allowed before).
"""

import re
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.media import Grant, MediaDevice

from ...host import Host, HostError, Missing, NotPermitted
from ...host.macos.tcc import BELOW_HOME, SYSTEM, TccAccess
from ...paths import base_name, tilde
from ..asking import names_in, outcome_of
from ..bounds import at_most, short
from ..macos_homes import homes
from ..macos_registry import Node, file_plist, nodes, number, profile, text

CAMERA_PLUGINS = "/Library/CoreMediaIO/Plug-Ins/DAL"
SOUND_PLUGINS = "/Library/Audio/Plug-Ins/HAL"
EXTENSIONS = "/Library/SystemExtensions/db.plist"
OVERRIDES = "/Library/Application Support/com.apple.TCC/MDMOverrides.plist"
MAX_DEVICES, MAX_GRANTS = 64, 500
_GRANTED = {
    "kTCCServiceCamera": "camera",
    "kTCCServiceMicrophone": "microphone",
    "kTCCServiceScreenCapture": "screen",
    "kTCCServiceAccessibility": "accessibility",
    "kTCCServicePostEvent": "post_event",
    "kTCCServiceListenEvent": "listen_event",
    "kTCCServiceRemoteDesktop": "remote_desktop",
}
_ALLOWED = {0: False, 2: True, 3: True}
#: What is switched on in System Settings is written as "system set" (4), by whomever, so that tells nothing.
_GIVEN_BY = {2: "user", 3: "user", 5: "policy", 6: "policy"}
_UVC = re.compile(r"UVC Camera VendorID_(\d{1,5}) ProductID_(\d{1,5})")
_APPLE = 1452
_BUILT_IN = re.compile(r"FaceTime|MacBook .*Camera|iMac Camera|Built-in")
_PHONE = re.compile(r"(?:iPhone|iPad)\d+,\d+\Z")
_VIRTUAL = re.compile(r"virtual", re.IGNORECASE)
_AUDIO_BUS = {"usb": "usb", "builtin": "builtin", "virtual": "virtual", "pci": "pci"}
_AUDIO_PREFIX = "coreaudio_device_type_"


def collect(host: Host) -> Iterator[Observable]:
    """Yields cameras, microphones, what makes virtual ones, grants, and what may not be read."""
    for what, command, kind, parse in (
        ("cameras", "profile_cameras", "SPCameraDataType", parse_cameras),
        ("microphones", "profile_audio", "SPAudioDataType", parse_microphones),
    ):
        try:
            yield from at_most(parse(profile(host, command, kind)), MAX_DEVICES, what)
        except HostError as error:
            yield Gap(what=what, outcome=outcome_of(error))
    yield from at_most(_makers(host), MAX_DEVICES, "virtual cameras and microphones")
    yield from _grants(host)


def parse_cameras(items: list[Node]) -> list[MediaDevice]:
    """Returns the cameras of SPCameraDataType. A phone's bears its owner's name, so its model stands for it."""
    found: list[MediaDevice] = []
    for item in items:
        name, model = text(item, "_name")[:64], text(item, "spcamera_model-id", "spcamera_model_id")
        usb = _UVC.search(model)
        vendor, product = (int(usb[1]), int(usb[2])) if usb else (0, 0)
        built_in = bool(_BUILT_IN.search(name)) and (not usb or vendor == _APPLE)
        if _PHONE.match(model):
            found.append(MediaDevice(what="camera", name=model[:64], virtual=False))
        elif built_in:
            found.append(MediaDevice(what="camera", name=name, virtual=False, bus="builtin"))
        elif usb:
            found.append(
                MediaDevice(
                    what="camera", name=name, virtual=False, bus="usb",
                    vendor_id=f"{vendor & 0xFFFF:04x}", product_id=f"{product & 0xFFFF:04x}",
                )
            )  # fmt: skip
        else:
            made = bool(_VIRTUAL.search(f"{name} {model}"))
            found.append(MediaDevice(what="camera", name=name, virtual=made or None, bus="virtual" if made else ""))
    return found


def parse_microphones(items: list[Node]) -> list[MediaDevice]:
    """Returns the devices with an input of SPAudioDataType; over Bluetooth and from phones without their names."""
    found: list[MediaDevice] = []
    for item in (device for group in items for device in nodes(group.get("_items")) or [group]):
        if not number(item, "coreaudio_device_input"):
            continue
        transport = text(item, "coreaudio_device_transport").removeprefix(_AUDIO_PREFIX)
        bus = _AUDIO_BUS.get(transport, "")
        personal = transport.startswith(("bluetooth", "continuity"))
        found.append(
            MediaDevice(
                what="microphone",
                name="" if personal else text(item, "_name")[:64],
                virtual={"virtual": True, "aggregate": True, "unknown": None, "": None}.get(transport, False),
                bus=bus,
            )
        )
    return found


def of_grant(row: TccAccess) -> Grant | None:
    """Returns what a line of TCC.db allows; None for a service that is not asked about."""
    what = _GRANTED.get(row.service)
    if what is None:
        return None
    is_path = row.client_type == 1
    return Grant(
        what=what,
        app=(base_name(row.client) if is_path else row.client)[:128],
        path=short(tilde(row.client)) if is_path else None,
        allowed=None if row.value is None else _ALLOWED.get(row.value),
        given_by="" if row.reason is None else _GIVEN_BY.get(row.reason, ""),
    )


def of_overrides(overrides: Node) -> list[Grant]:
    """Returns what a management profile allows or refuses."""
    found: list[Grant] = []
    for item, services in overrides.items():
        for service, facts in services.items() if isinstance(services, dict) else ():
            if service not in _GRANTED or not isinstance(facts, dict):
                continue
            said, old = text(facts, "Authorization"), facts.get("Allowed")
            client = text(facts, "Identifier") or str(item)
            found.append(
                Grant(
                    what=_GRANTED[service],
                    app=base_name(client)[:128],
                    path=short(tilde(client)) if client.startswith("/") else None,
                    allowed={"Allow": True, "Deny": False}.get(said)
                    if said
                    else old
                    if isinstance(old, bool)
                    else None,
                    given_by="policy",
                )
            )
    return found


def of_extensions(extensions: Node) -> list[MediaDevice]:
    """Returns the camera extensions that are switched on."""
    found: list[MediaDevice] = []
    for item in nodes(extensions.get("extensions")):
        categories = item.get("categories")
        camera = isinstance(categories, list) and any("system_extension.cmio" in str(one) for one in categories)
        if camera and text(item, "state") == "activated_enabled":
            found.append(MediaDevice(what="camera", name=text(item, "identifier")[:64], virtual=True, bus="virtual"))
    return found


def _makers(host: Host) -> Iterator[Observable]:
    for folder, what, end in ((CAMERA_PLUGINS, "camera", ".plugin"), (SOUND_PLUGINS, "microphone", ".driver")):
        for name in names_in(host, folder):
            if name.endswith(end):
                yield MediaDevice(what=what, name=name.removesuffix(end)[:64], virtual=True, bus="virtual")
    try:
        yield from of_extensions(file_plist(host, EXTENSIONS))
    except Missing:
        return
    except HostError as error:
        yield Gap(what="camera extensions", outcome=outcome_of(error))


def _grants(host: Host) -> Iterator[Observable]:
    """Yields the grants of the system, of each home and of the management profile, each once."""
    folders, gaps = homes(host)
    yield from gaps
    found: set[Grant] = set()
    closed, broken, absent = 0, 0, 0
    places = [SYSTEM, *(f"{home}/{BELOW_HOME}" for home in folders)]
    for place in places:
        try:
            found.update(grant for row in host.rows(TccAccess, place) if (grant := of_grant(row)) is not None)
        except Missing:
            absent += 1
        except NotPermitted:
            closed += 1
        except HostError:
            broken += 1
    try:
        found.update(of_overrides(file_plist(host, OVERRIDES)))
    except Missing:
        pass
    except HostError as error:
        yield Gap(what="grants by management profiles", outcome=outcome_of(error))
    ordered = sorted(
        found, key=lambda grant: (grant.what, grant.app, grant.path or "", str(grant.allowed), grant.given_by)
    )
    yield from at_most(ordered, MAX_GRANTS, "grants")
    if closed:
        yield Gap(what="grants (TCC.db needs Full Disk Access)", outcome="not_permitted", count=bucket(closed))
    if broken:
        yield Gap(what="grants", outcome="broken", count=bucket(broken))
    if absent == len(places):
        # Every macOS that farmwatch knows has the system's; not to see it is no evidence of no grants.
        yield Gap(what="grants: there is no TCC.db where it is known to be", outcome="not_supported")
