r"""Host facts on Windows.

Sources: learn.microsoft.com for CurrentVersion (CurrentBuildNumber, DisplayVersion, UBR; ProductName stays "Windows 10"
on Windows 11, whose builds begin at 22000), TimeZoneInformation (ActiveTimeBias: minutes that local time is behind
UTC), `Keyboard Layout\Preload`, "Windows keyboard layouts" and MUI's UILanguages; "Hyper-V data exchange" for the key
that a guest's integration service makes. host/windows/firmware.py has those of the firmware.
"""

from collections.abc import Iterator
from contextlib import suppress

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.host import HostFacts

from ...host import Host, HostError, NotPermitted
from ...host.windows.firmware import HypervisorLeaves, SystemTables
from ...host.windows.registry import RegistryKey
from ..asking import outcome_of
from ..windows_users import InHives, users
from .firmware import chassis_of, model_of, named_hypervisor
from .windows_zones import iana

VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
BIOS = r"HKLM\HARDWARE\DESCRIPTION\System\BIOS"
SYSTEM = r"HKLM\SYSTEM\CurrentControlSet\Control\SystemInformation"
ZONE = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
GUEST = r"HKLM\SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters"
LAYOUTS = r"HKLM\SYSTEM\CurrentControlSet\Control\Keyboard Layouts"
LANGUAGES = r"HKLM\SYSTEM\CurrentControlSet\Control\MUI\UILanguages"
#: Intel Management and Security Application Local Management Service: what forwards AMT's ports on the laptop itself.
LMS = r"HKLM\SYSTEM\CurrentControlSet\Services\LMS"
PRELOAD = r"Keyboard Layout\Preload"
SUBSTITUTES = r"Keyboard Layout\Substitutes"
PROFILE = r"Control Panel\International\User Profile"
_WINDOWS_11 = 22_000
MAX_LISTED = 32
#: Signatures that hypervisors give in leaf 0x40000000 (each project's source, as systemd's detect-virt lists them).
_SIGNATURES = {
    "KVMKVMKVM": "kvm",
    "Linux KVM Hv": "kvm",
    "VMwareVMware": "vmware",
    "VBoxVBoxVBox": "virtualbox",
    "XenVMMXenVMM": "xen",
    "TCGTCGTCGTCG": "qemu",
    "prl hyperv": "parallels",
    "bhyve bhyve": "bhyve",
    "Microsoft Hv": "hyperv",
}


def collect(host: Host) -> Iterator[Observable]:
    """Yields HostFacts, and gaps for what the registry and the firmware did not tell."""
    problems: dict[str, Gap] = {}
    version = _key(host, VERSION, "version of the system", problems)
    bios = _key(host, BIOS, "", problems)
    system = _key(host, SYSTEM, "", problems)
    tables = _tables(host, problems)
    vendor = tables.vendor or _text(bios, "SystemManufacturer") or _text(system, "SystemManufacturer")
    product = tables.model or _text(bios, "SystemProductName") or _text(system, "SystemProductName")
    model = model_of(vendor, product, tables.version or _text(bios, "SystemVersion"))
    if not vendor and not model:
        problems["vendor"] = Gap(what="vendor and model: the firmware gives no tables", outcome="not_supported")
    hypervisor = hypervisor_of(
        f"{vendor} {_text(bios, 'BIOSVendor')}", model, _leaves(host), guest=_is_there(host, GUEST)
    )
    zone = _key(host, ZONE, "time zone", problems)
    bias = zone.numbers.get("ActiveTimeBias")
    yield HostFacts(
        os=name_of(version),
        os_version=_text(version, "DisplayVersion") or _text(version, "ReleaseId"),
        kernel=kernel_of(version),
        vendor=vendor,
        model=model,
        chassis=chassis_of(str(tables.chassis), hypervisor),
        hypervisor=hypervisor,
        serial=unkeyed("serial", tables.serial) if tables.serial else None,
        platform_uuid=unkeyed("uuid", tables.uuid) if tables.uuid else None,
        time_zone=iana(_text(zone, "TimeZoneKeyName")),
        utc_offset_minutes=None if bias is None else offset_of(bias),
        keyboard_layouts=tuple(sorted(_layouts(host))[:MAX_LISTED]),
        languages=tuple(sorted(_languages(host))[:MAX_LISTED]),
        out_of_band="present" if _is_there(host, LMS) else None,
    )
    yield from problems.values()


def name_of(version: RegistryKey) -> str:
    """Returns the product's name, with the eleven that ProductName does not know of."""
    name = _text(version, "ProductName")
    build = _text(version, "CurrentBuildNumber")
    if build.isdecimal() and int(build) >= _WINDOWS_11:
        return name.replace("Windows 10", "Windows 11", 1)
    return name


def kernel_of(version: RegistryKey) -> str:
    """Returns the kernel's version with build and revision: "10.0.22631.4460"."""
    major, minor = (version.numbers.get(f"Current{part}VersionNumber") for part in ("Major", "Minor"))
    build, revision = _text(version, "CurrentBuildNumber"), version.numbers.get("UBR")
    start = f"{major}.{minor}" if major is not None and minor is not None else _text(version, "CurrentVersion")
    return ".".join(part for part in (start, build, "" if revision is None else str(revision)) if part)


def offset_of(bias: int) -> int | None:
    """Returns minutes east of UTC from a DWORD that holds a signed number of minutes west of it."""
    minutes = -(bias - (1 << 32) if bias >= 1 << 31 else bias)
    return minutes if -1440 < minutes < 1440 else None


def hypervisor_of(vendor: str, model: str, leaves: HypervisorLeaves | None, *, guest: bool) -> str | None:
    """Returns the hypervisor's name, `other` for one without a name, "" on bare metal, None when nothing tells.

    guest  Hyper-V's integration service keeps its parameters of a guest
    """
    named = named_hypervisor(vendor, model)
    if named or guest:
        return named or "hyperv"
    if "QEMU" in f"{vendor} {model}":
        return _SIGNATURES.get(leaves.vendor, "qemu") if leaves and not leaves.root and leaves.vendor else "qemu"
    if leaves is None:
        return None
    if not leaves.vendor or leaves.root:
        return ""
    return _SIGNATURES.get(leaves.vendor.strip(), "other")


def _layouts(host: Host) -> set[str]:
    """Returns names of the layouts of everybody logged in and of the login window, their numbers where nameless."""
    hives = InHives(host, users(host))
    keys = [*hives.key(PRELOAD)]
    replaced: dict[str, str] = {}
    for key in hives.key(SUBSTITUTES):
        replaced |= {name.lower(): value.lower() for name, value in key.texts.items()}
    with suppress(HostError):
        keys += host.rows(RegistryKey, rf"HKU\.DEFAULT\{PRELOAD}")
    numbers = {value.lower() for key in keys for value in list(key.texts.values())[:MAX_LISTED]}
    found: set[str] = set()
    for number in sorted({replaced.get(number, number) for number in numbers})[:MAX_LISTED]:
        try:
            found.add(_text(host.rows(RegistryKey, rf"{LAYOUTS}\{number}")[0], "Layout Text") or number)
        except (HostError, IndexError):
            found.add(number)
    return found


def _languages(host: Host) -> set[str]:
    """Returns languages of the system and of everybody logged in, as "en-US"."""
    found: set[str] = set()
    with suppress(HostError):
        found.update(name for key in host.rows(RegistryKey, LANGUAGES) for name in key.keys)
    for key in InHives(host, users(host)).key(PROFILE):
        found.update(key.words.get("Languages", ())[:MAX_LISTED])
    return found


def _key(host: Host, path: str, what: str, problems: dict[str, Gap]) -> RegistryKey:
    """Returns a key; a blank one, and a gap when it has words, where it cannot be read."""
    try:
        return host.rows(RegistryKey, path)[0]
    except (HostError, IndexError) as error:
        if what:
            outcome = outcome_of(error) if isinstance(error, HostError) else "broken"
            problems[what] = Gap(what=what, outcome=outcome)
        return RegistryKey(path=path)


def _text(key: RegistryKey, name: str) -> str:
    try:
        return key.text(name).strip()
    except HostError:
        return ""


def _tables(host: Host, problems: dict[str, Gap]) -> SystemTables:
    try:
        return host.rows(SystemTables)[0]
    except (HostError, IndexError) as error:
        outcome = outcome_of(error) if isinstance(error, HostError) else "broken"
        problems["tables"] = Gap(what="serial number and platform UUID", outcome=outcome)
        return SystemTables()


def _leaves(host: Host) -> HypervisorLeaves | None:
    try:
        return host.rows(HypervisorLeaves)[0]
    except (HostError, IndexError):
        return None


def _is_there(host: Host, path: str) -> bool:
    try:
        host.rows(RegistryKey, path)
    except HostError as error:
        return isinstance(error, NotPermitted)  # a key that may not be read is there
    return True
