"""The laptop and its operating system."""

from ..identifiers import Identifier
from .base import Kind, Observable


class HostFacts(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="host_facts"):
    """What the machine is.

    os, os_version      "Debian GNU/Linux", "12"
    kernel              release
    vendor, model       from the firmware's tables
    chassis             `laptop`, `desktop`, `server`, `tablet`, `virtual` or "" when not known
    hypervisor          name of the hypervisor it runs on: "kvm"; "" on bare metal; null when not known
    serial, platform_uuid  keyed; null when not readable
    time_zone           IANA name
    utc_offset_minutes  of that zone now
    keyboard_layouts, languages  configured, sorted; for support, never scored
    out_of_band         out-of-band management (AMT): `provisioned`, `present`, `none`; null when not known
    """

    os: str = ""
    os_version: str = ""
    kernel: str = ""
    vendor: str = ""
    model: str = ""
    chassis: str = ""
    hypervisor: str | None = None
    serial: Identifier | None = None
    platform_uuid: Identifier | None = None
    time_zone: str = ""
    utc_offset_minutes: int | None = None
    keyboard_layouts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    out_of_band: str | None = None


KIND = Kind("host", "state", (HostFacts,))
