"""Host facts on Linux.

Sources: os-release(5); Documentation/ABI/testing/sysfs-class-dmi (and drivers/firmware/dmi-id.c for the modes);
localtime(5), RFC 8536; keyboard(5), vconsole.conf(5),
locale.conf(5); Documentation/ABI/stable/sysfs-hypervisor-xen.
"""

from collections.abc import Iterator

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.host import HostFacts

from ...host import Host, HostError, Missing, NotPermitted
from ..asking import link_of
from . import time_zone
from .firmware import chassis_of, model_of, named_hypervisor

DMI = "/sys/class/dmi/id"
#: A guest's paravirtual clock names its hypervisor (drivers/clocksource, arch/x86/kernel/kvmclock.c).
_CLOCKS = (("kvm-clock", "kvm"), ("hyperv_clocksource", "hyperv"), ("xen", "xen"))
#: AMT's host interface among the management engine's clients: samples/mei/mei-amt-version.c, MEI_IAMTHIF.
_AMT_CLIENT = "12f80028-b4b7-4b2d-aca8-46e0ff65814c"


def collect(host: Host) -> Iterator[Observable]:
    """Yields HostFacts, and a gap for what the firmware tells root only."""
    release = parse_settings(_first(host, "/etc/os-release", "/usr/lib/os-release"))
    vendor, model = _first(host, f"{DMI}/sys_vendor"), _first(host, f"{DMI}/product_name")
    family = _first(host, f"{DMI}/product_version")
    model = model_of(vendor, model, family) or _first(host, "/proc/device-tree/model").rstrip("\0")
    hypervisor = hypervisor_of(
        vendor,
        model,
        cpuinfo=_first(host, "/proc/cpuinfo", limit=1 << 14),
        clocks=_first(host, "/sys/devices/system/clocksource/clocksource0/available_clocksource"),
        xen=_first(host, "/sys/hypervisor/type"),
        domain=_first(host, "/proc/xen/capabilities"),
        tree=_first(host, "/proc/device-tree/hypervisor/compatible"),
    )
    serial, serial_gap = _private(host, "product_serial")
    uuid, uuid_gap = _private(host, "product_uuid")
    zone = time_zone.name_of(link_of(host, "/etc/localtime"), _first(host, "/etc/timezone"))
    keyboard = parse_settings(_first(host, "/etc/default/keyboard"))
    console = parse_settings(_first(host, "/etc/vconsole.conf"))
    locale = parse_settings(_first(host, "/etc/locale.conf", "/etc/default/locale"))
    yield HostFacts(
        os=release.get("NAME", ""),
        os_version=release.get("VERSION_ID", release.get("BUILD_ID", "")),
        kernel=_first(host, "/proc/sys/kernel/osrelease"),
        vendor=vendor,
        model=model,
        chassis=chassis_of(_first(host, f"{DMI}/chassis_type"), hypervisor),
        hypervisor=hypervisor,
        serial=unkeyed("serial", serial) if serial else None,
        platform_uuid=unkeyed("uuid", uuid.lower()) if uuid else None,
        time_zone=zone,
        utc_offset_minutes=_offset(host, bool(release)),
        keyboard_layouts=layouts(keyboard, console),
        languages=languages(locale),
        out_of_band=out_of_band(host),
    )
    if serial_gap or uuid_gap:
        yield Gap(what="serial number and platform UUID", outcome="not_permitted")
    if not vendor and not model:
        yield Gap(what="vendor and model: the firmware gives no tables", outcome="not_supported")


def parse_settings(text: str) -> dict[str, str]:
    """Returns KEY=value lines as a shell would read them: without comments, quotes and backslashes."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        key, mark, value = line.strip().partition("=")
        if not mark or not key or key.startswith("#"):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[key] = value.replace("\\", "")
    return found


def hypervisor_of(
    vendor: str, model: str, *, cpuinfo: str, clocks: str, xen: str, domain: str, tree: str
) -> str | None:
    """Returns the hypervisor's name, `other` for one without a name, "" on bare metal, None when nothing tells.

    cpuinfo  of /proc: x86 sets the flag `hypervisor`; other processors have no such flag
    clocks   available clock sources; xen, domain: of Xen; tree: of the device tree
    """
    if "control_d" in domain:
        return ""  # Xen's first domain is the laptop itself.
    words = f"{vendor} {model}"
    named = named_hypervisor(vendor, model)
    if named == "hyperv":
        return named
    clocked = next((name for word, name in _CLOCKS if word in clocks), "")
    if named or xen or tree:
        return named or ("xen" if "xen" in f"{xen} {tree}" else "kvm" if "kvm" in tree else "other")
    if "QEMU" in words:
        return clocked or "qemu"
    flags = next((line for line in cpuinfo.split("\n") if line.startswith("flags")), "")
    if " hypervisor" in flags:
        return clocked or "other"
    return "" if flags else None


def layouts(keyboard: dict[str, str], console: dict[str, str]) -> tuple[str, ...]:
    """Returns the configured keyboard layouts, sorted."""
    words = f"{keyboard.get('XKBLAYOUT', '')},{console.get('XKBLAYOUT', '')},{console.get('KEYMAP', '')}"
    return tuple(sorted({word.strip() for word in words.split(",") if word.strip()}))


def languages(locale: dict[str, str]) -> tuple[str, ...]:
    """Returns the configured languages without their encodings, sorted."""
    words = f"{locale.get('LANG', '')}:{locale.get('LANGUAGE', '')}".split(":")
    return tuple(sorted({word.partition(".")[0].strip() for word in words} - {""}))


def out_of_band(host: Host) -> str | None:
    """Returns `present` when the management engine offers AMT, `none` when not, None when it cannot be asked."""
    try:
        clients = host.names("/sys/bus/mei/devices")
    except HostError:
        return None
    if not clients:
        return None
    return "present" if any(_AMT_CLIENT in client for client in clients) else "none"


def _offset(host: Host, installed: bool) -> int | None:
    try:
        return time_zone.offset_minutes(host.read("/etc/localtime", 1 << 16), host.now())
    except Missing:
        return 0 if installed else None  # localtime(5): without the file a system runs in UTC.
    except HostError:
        return None


def _private(host: Host, name: str) -> tuple[str, bool]:
    """Returns a root-only value of the firmware's tables, and whether rights were missing."""
    try:
        return host.text(f"{DMI}/{name}"), False
    except NotPermitted:
        return "", True
    except HostError:
        return "", False


def _first(host: Host, *paths: str, limit: int = 1 << 16) -> str:
    for path in paths:
        try:
            return host.text(path, limit).strip()
        except HostError:
            continue
    return ""
