"""The commands that are run on a Mac, all of them: name, program, arguments, limits. No shell, no input.

Each belongs to one probe (in the order of `probes.NAMES`); sources are the commands' manual pages. A probe asks
`Host.command(name)`, and knows nothing of programs and arguments.
"""

from ..command import Command

_IOREG = "/usr/sbin/ioreg"


def _ioreg(*criteria: str, seconds: float = 1.5, limit: int = 1 << 23) -> Command:
    """Entries of the IOService plane that meet the criteria, as a property list; nothing at all when none does."""
    return Command(program=_IOREG, arguments=("-a", "-r", *criteria), seconds=seconds, limit=limit)


def _profiler(kind: str) -> Command:
    """One data type of system_profiler(8), which starts a helper for it and takes most of a second."""
    return Command(program="/usr/sbin/system_profiler", arguments=("-json", kind), seconds=3.0, limit=1 << 22)


COMMANDS: dict[str, Command] = {
    # runner: new with each boot (sysctl(8); xnu bsd/kern/kern_sysctl.c, kern.bootsessionuuid)
    "boot_session": Command(program="/usr/sbin/sysctl", arguments=("-n", "kern.bootsessionuuid"), limit=1 << 10),
    # services: switches of launchd's jobs, and which of them run (launchctl(1)); Apple promises no form of the second
    # 112: no such domain, which is what somebody's is who is not logged in; 113: no such service; 125: not that domain
    "launchd_switches": Command(
        program="/bin/launchctl", arguments=("print-disabled", "{}"), limit=1 << 20, missing=(112, 113, 125)
    ),
    "launchd_jobs": Command(program="/bin/launchctl", arguments=("print", "{}"), limit=1 << 22, missing=(113, 125)),
    # services: what applications registered to start (sfltool(1), from macOS 13); it asks all but root for a password
    "login_items": Command(program="/usr/bin/sfltool", arguments=("dumpbtm",), limit=1 << 22),
    # sockets and sessions: whole IPv6 addresses (-l) and the process of each socket (-v), for every user (netstat(1))
    "tcp_sockets": Command(program="/usr/sbin/netstat", arguments=("-anlv", "-p", "tcp")),
    "udp_sockets": Command(program="/usr/sbin/netstat", arguments=("-anlv", "-p", "udp")),
    # network: ifconfig(8), netstat(1), scutil(8), arp(8), ndp(8), networksetup(8); none of them sends anything
    "interfaces": Command(program="/sbin/ifconfig", arguments=("-a",), limit=1 << 20),
    "hardware_ports": Command(program="/usr/sbin/networksetup", arguments=("-listallhardwareports",), limit=1 << 18),
    "routes": Command(program="/usr/sbin/netstat", arguments=("-rnl",)),
    "name_servers": Command(program="/usr/sbin/scutil", arguments=("--dns",), limit=1 << 20),
    "vpn_services": Command(program="/usr/sbin/scutil", arguments=("--nc", "list"), limit=1 << 18),
    "neighbours": Command(program="/usr/sbin/arp", arguments=("-an",), limit=1 << 20),
    "neighbours_ipv6": Command(program="/usr/sbin/ndp", arguments=("-an",), limit=1 << 20),
    "wifi_power": Command(program="/usr/sbin/networksetup", arguments=("-getairportpower", "{}"), limit=1 << 12),
    # wifi: what the system's own DHCP client says of an interface (ipconfig(8)); the driver's entry (ioreg(8))
    "wifi_summary": Command(program="/usr/sbin/ipconfig", arguments=("getsummary", "{}"), limit=1 << 18),
    "wifi_driver": Command(
        program="/usr/sbin/ioreg", arguments=("-a", "-r", "-d", "1", "-n", "AppleBCMWLANSkywalkInterface")
    ),
    # host (sysctl(8)): unknown names are told on stderr and end it with 1, the others are printed all the same
    "system": Command(
        program="/usr/sbin/sysctl",
        arguments=("hw.model", "kern.osproductversion", "kern.osrelease", "kern.hv_vmm_present"),
        seconds=2.0,
        limit=1 << 12,
        codes=(0, 1),
    ),
    # host: the entry for the whole Mac, and on Apple silicon the one that bears its name in the shop (ioreg(8))
    "registry_platform": _ioreg("-d", "1", "-c", "IOPlatformExpertDevice"),
    "registry_product": _ioreg("-d", "1", "-c", "IOPlatformDevice", "-k", "product-name"),
    # usb: devices with all below them; the second tells the controllers only, because a device does not name its own
    "registry_usb": _ioreg("-l", "-w0", "-c", "IOUSBHostDevice", seconds=3.0, limit=1 << 25),
    # ... and where one entry's name ends the first one, the interfaces, which repeat who their device is
    "registry_usb_interfaces": _ioreg("-l", "-w0", "-c", "IOUSBHostInterface", limit=1 << 25),
    "registry_usb_controllers": Command(program=_IOREG, arguments=("-a", "-p", "IOUSB", "-d", "2"), seconds=1.5),
    # input_source: keyboards, pointers and what else is a HID device, without what lies below them (ioreg(8))
    "registry_hid": _ioreg("-d", "1", "-c", "IOHIDDevice"),
    # displays: framebuffers and ports of Apple silicon, then Intel's; then the one list that has virtual displays, too
    "registry_framebuffers": _ioreg("-d", "1", "-c", "IOMobileFramebuffer"),
    "registry_display_ports": _ioreg("-d", "1", "-c", "IOPortTransportStateDisplayPort"),
    "registry_monitors": _ioreg("-l", "-w0", "-c", "IODisplayConnect"),
    "profile_displays": _profiler("SPDisplaysDataType"),
    # bluetooth
    "profile_bluetooth": _profiler("SPBluetoothDataType"),
    # power (pmset(1))
    "registry_power": _ioreg("-d", "1", "-c", "IOPMrootDomain"),
    "registry_battery": _ioreg("-d", "1", "-c", "AppleSmartBattery"),
    "assertions": Command(program="/usr/bin/pmset", arguments=("-g", "assertions"), seconds=1.5, limit=1 << 20),
    "sleep_counts": Command(program="/usr/bin/pmset", arguments=("-g", "stats"), seconds=1.5, limit=1 << 16),
    # latency (pmset(1)): what is in use now, and whether the battery is
    "power_settings": Command(program="/usr/bin/pmset", arguments=("-g",), seconds=1.5, limit=1 << 16),
    "power_source": Command(program="/usr/bin/pmset", arguments=("-g", "batt"), seconds=1.5, limit=1 << 14),
    # media
    "profile_cameras": _profiler("SPCameraDataType"),
    "profile_audio": _profiler("SPAudioDataType"),
}
