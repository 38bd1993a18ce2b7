"""What the firmware's words say, the same on every platform with SMBIOS: chassis and virtual machines.

Sources: SMBIOS reference specification 7.4.1 for chassis types; words of virtual machines as systemd's detect-virt and
the hypervisors' firmware have them.
"""

_CHASSIS = {
    **dict.fromkeys((8, 9, 10, 14, 31, 32), "laptop"),
    **dict.fromkeys((3, 4, 5, 6, 7, 13, 15, 16, 24, 34, 35, 36), "desktop"),
    **dict.fromkeys((17, 23, 25, 28, 29), "server"),
    **dict.fromkeys((11, 30), "tablet"),
}
_VIRTUAL = (
    ("VMware", "vmware"),
    ("VirtualBox", "virtualbox"),
    ("innotek GmbH", "virtualbox"),
    ("Parallels", "parallels"),
    ("Apple Virtualization", "apple"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("BHYVE", "bhyve"),
    ("Google Compute Engine", "kvm"),
    ("Amazon EC2", "kvm"),
    ("KubeVirt", "kvm"),
    ("KVM", "kvm"),
)
_HYPER_V = ("Microsoft Corporation", "Virtual Machine")


def chassis_of(number: str, hypervisor: str | None) -> str:
    """Returns the chassis word of an SMBIOS number; `virtual` in a virtual machine whatever its firmware says."""
    if hypervisor:
        return "virtual"
    return _CHASSIS.get(int(number) & 0x7F, "") if number.isdecimal() and len(number) < 4 else ""


def named_hypervisor(vendor: str, model: str) -> str:
    """Returns the hypervisor that vendor and model name; "" when they name none."""
    words = f"{vendor} {model}"
    if all(word in words for word in _HYPER_V):
        return "hyperv"
    return next((name for word, name in _VIRTUAL if word in words), "")


def model_of(vendor: str, model: str, version: str) -> str:
    """Returns the model as people call it: Lenovo puts its type number where others put the name."""
    return f"{version} ({model})" if model and vendor == "LENOVO" and version else model
