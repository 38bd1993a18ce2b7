"""The laptop and its operating system.

Reads
    /etc/os-release, /proc/sys/kernel/osrelease, /sys/class/dmi/id/*, /proc/device-tree, /proc/cpuinfo's flags,
    clock sources, /sys/hypervisor/type, /proc/xen/capabilities, /etc/localtime, /etc/timezone,
    /etc/default/keyboard, /etc/vconsole.conf, /etc/locale.conf, /etc/default/locale, /sys/bus/mei/devices.
    macOS: `ioreg` for IOPlatformExpertDevice, the model's name and AppleSmartBattery; `sysctl` for model, versions and
    kern.hv_vmm_present; SystemVersion.plist, /etc/localtime, com.apple.HIToolbox and .GlobalPreferences below
    /Library/Preferences.
    Windows: SMBIOS tables (GetSystemFirmwareTable), the hypervisor's leaves; of the registry CurrentVersion, the BIOS
    and SystemInformation keys, TimeZoneInformation, keyboard layouts and languages, whether a Hyper-V guest's
    parameters and Intel's LMS service are there.
Why
    Serial and model against the roster; a time zone that contradicts the claimed place; a virtual machine where
    a laptop was shipped; Intel AMT, which drives a laptop from outside its operating system.
Never reads
    Users, disks, anything in home folders. Serial and UUID travel keyed. Layouts and languages are for support
    and are never scored.
Rights
    Serial and platform UUID are root's: as an ordinary user they are a gap.
    macOS: none.
    Windows: none.
Blind spots
    A hypervisor can hide its flag and forge the firmware's tables. AMT is seen as present, not whether it is
    provisioned: asking needs an ioctl on /dev/mei0. Without the mei driver its state is unknown.
    macOS: layouts and languages are those of the login window, not of each user. A virtual machine on an Intel Mac can
    hide kern.hv_vmm_present and bear a real Mac's model. Macs have no AMT; its state stays null.
    Windows: a guest that runs Windows's own hypervisor inside (virtualisation-based security) and forges its firmware's
    words passes for bare metal. AMT is told as present where Intel's LMS service is installed, else null; whether it is
    provisioned is not asked. A zone of Windows spans countries and is told by one place.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.host import HostFacts

from ...probe import Probe

PROBE = Probe(kind="host", emits=(HostFacts, Gap), interval_seconds=3600, platforms=("linux", "macos", "windows"))
