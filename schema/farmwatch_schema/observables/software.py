"""Installed applications and packages."""

from .base import Kind, Observable


class Package(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="package"):
    """An installed application or package.

    source        `dpkg`, `rpm`, `flatpak`, `snap`, `desktop`, ...
    installed_on  day, "2026-11-22"; "" when not known
    bundle        bundle id of a macOS application: "com.example.tool"; "" for others
    """

    name: str
    version: str = ""
    publisher: str = ""
    installed_on: str = ""
    source: str = ""
    bundle: str = ""


KIND = Kind("software", "state", (Package,))
