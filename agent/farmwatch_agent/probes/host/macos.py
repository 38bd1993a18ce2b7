"""Host facts on macOS.

Sources: ioreg(8) for IOPlatformExpertDevice and AppleSmartBattery (keys as in the outputs that glpi-project/glpi-agent
keeps under resources/macos/ioreg@0f1e55b3); sysctl(8): kern.hv_vmm_present is 1 in a virtual machine and hw.model
then says whose (VirtualMac2,1 of Apple's framework, VMware20,1); localtime(5); com.apple.HIToolbox and
.GlobalPreferences below /Library/Preferences hold what the login window uses.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.host import HostFacts

from ...host import Host, HostError
from ..asking import link_of, outcome_of
from ..macos_registry import Node, file_plist, flag, nodes, output, registry, text
from . import time_zone

VERSION = "/System/Library/CoreServices/SystemVersion.plist"
KEYBOARDS = "/Library/Preferences/com.apple.HIToolbox.plist"
LANGUAGES = "/Library/Preferences/.GlobalPreferences.plist"
MAX_LISTED = 32
#: Beginnings of model identifiers and makers, in small letters, of virtual machines.
_VIRTUAL = (
    ("virtualmac", "apple"),
    ("vmware", "vmware"),
    ("parallels", "parallels"),
    ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("qemu", "qemu"),
)
_DESKTOPS = ("imac", "mac mini", "macmini", "mac studio", "mac pro", "macpro", "xserve")


def collect(host: Host) -> Iterator[Observable]:
    """Yields HostFacts, and a gap for each part of it that could not be asked."""
    problems: list[Gap] = []
    platform, product, battery = (
        _entry(host, "registry_platform", "serial number, platform UUID and model", problems),
        _entry(host, "registry_product", "name of the model", problems),
        _entry(host, "registry_battery", "", problems),
    )
    try:
        system = parse_sysctl(output(host, "system").decode("utf-8", "replace"))
    except HostError as error:
        system = {}
        problems.append(Gap(what="kernel, version and whether it is a virtual machine", outcome=outcome_of(error)))
    model = text(platform, "model") or system.get("hw.model", "")
    name = text(product, "product-name")
    vendor = text(platform, "manufacturer")
    hypervisor = hypervisor_of(model, vendor, system.get("kern.hv_vmm_present", ""))
    serial, uuid = text(platform, "IOPlatformSerialNumber"), text(platform, "IOPlatformUUID")
    yield HostFacts(
        os="macOS",
        os_version=system.get("kern.osproductversion", "") or _version(host),
        kernel=system.get("kern.osrelease", ""),
        vendor=vendor,
        model=f"{name} ({model})" if name and model and name != model else model or name,
        chassis=chassis_of(model, name, bool(battery) and flag(battery, "BatteryInstalled") is not False, hypervisor),
        hypervisor=hypervisor,
        serial=unkeyed("serial", serial) if serial else None,
        platform_uuid=unkeyed("uuid", uuid.lower()) if uuid else None,
        time_zone=time_zone.name_of(link_of(host, "/etc/localtime"), ""),
        utc_offset_minutes=_offset(host),
        keyboard_layouts=_listed(host, KEYBOARDS, layouts),
        languages=_listed(host, LANGUAGES, languages),
    )
    yield from problems
    # A sandbox is given a blank instead of an error.
    if not (serial and uuid) and not any(gap.what.startswith("serial number") for gap in problems):
        yield Gap(what="serial number and platform UUID", outcome="not_permitted" if platform else "not_supported")


def parse_sysctl(text: str) -> dict[str, str]:
    """Returns the values of `sysctl`'s lines "name: value"."""
    pairs = (line.partition(": ") for line in text.split("\n"))
    return {name.strip(): value.strip()[:256] for name, mark, value in pairs if mark}


def hypervisor_of(model: str, vendor: str, present: str) -> str | None:
    """Returns the hypervisor's name, `other` for one without a name, "" on a Mac itself, None when nothing tells.

    present  kern.hv_vmm_present: "1", "0", or "" where the kernel does not know it (before macOS 11)
    """
    words = (model.lower(), vendor.lower())
    named = next((name for start, name in _VIRTUAL if any(word.startswith(start) for word in words)), "")
    if named:
        return named
    return "other" if present == "1" else "" if present == "0" else None


def chassis_of(model: str, name: str, battery: bool, hypervisor: str | None) -> str:
    """Returns `laptop`, `desktop`, `virtual` or "" from the model's identifier and name; new identifiers tell nothing
    ("Mac14,2"), and without a name a battery decides.
    """
    if hypervisor:
        return "virtual"
    words = f"{model} {name}".lower()
    if "macbook" in words:
        return "laptop"
    if any(word in words for word in _DESKTOPS):
        return "desktop"
    return "laptop" if battery else ""


def layouts(settings: Node) -> tuple[str, ...]:
    """Returns the names of the enabled keyboard layouts and input methods, sorted."""
    sources = nodes(settings.get("AppleEnabledInputSources"))[:MAX_LISTED]
    found = {text(source, "KeyboardLayout Name", "Input Mode", "Bundle ID")[:64] for source in sources}
    return tuple(sorted(found - {""}))


def languages(settings: Node) -> tuple[str, ...]:
    """Returns the configured languages, sorted."""
    found = settings.get("AppleLanguages")
    listed = found[:MAX_LISTED] if isinstance(found, list) else []
    return tuple(sorted({word[:64] for word in listed if isinstance(word, str) and word}))


def _entry(host: Host, command: str, what: str, problems: list[Gap]) -> Node:
    try:
        return next(iter(registry(host, command)), {})
    except HostError as error:
        if what:
            problems.append(Gap(what=what, outcome=outcome_of(error)))
        return {}


def _version(host: Host) -> str:
    with suppress(HostError):
        return text(file_plist(host, VERSION), "ProductVersion")[:64]
    return ""


def _listed(host: Host, path: str, read: Callable[[Node], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        return read(file_plist(host, path))
    except HostError:
        return ()


def _offset(host: Host) -> int | None:
    try:
        return time_zone.offset_minutes(host.read("/etc/localtime", 1 << 16), host.now())
    except HostError:
        return None
