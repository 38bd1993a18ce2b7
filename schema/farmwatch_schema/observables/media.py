"""Cameras, microphones, and which programs may see the screen or give input. Nothing is recorded or opened."""

from .base import Kind, Observable


class MediaDevice(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="media_device"):
    """A camera or microphone that programs can choose.

    what     `camera` or `microphone`
    name     as programs see it
    virtual  made by software; null when not known
    bus      `usb`, `pci`, `virtual`, `builtin` or ""
    vendor_id, product_id  of a USB one, four lower hex digits
    in_use   now; null when not known
    """

    what: str
    name: str = ""
    virtual: bool | None = None
    bus: str = ""
    vendor_id: str = ""
    product_id: str = ""
    in_use: bool | None = None


class MediaUse(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="media_use"):
    """A program used a camera, the microphone or the screen.

    what       `camera`, `microphone` or `screen`
    app        its name: an executable's base name, a bundle id or a package family name
    path       its path, home folders as `~`; null when there is none
    last_used  day, "2026-11-22"; "" while it is in use
    """

    what: str
    app: str
    path: str | None = None
    last_used: str = ""


class Grant(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="grant"):
    """A program was allowed, or refused, to see or to control.

    what     `camera`, `microphone`, `screen`, `accessibility`, `post_event`, `listen_event` or `remote_desktop`
    app      bundle id or executable's base name
    path     its path, home folders as `~`; null when there is none
    allowed  null when not known
    given_by `user`, `policy`, `system` or ""
    """

    what: str
    app: str
    path: str | None = None
    allowed: bool | None = None
    given_by: str = ""


KIND = Kind("media", "state", (MediaDevice, MediaUse, Grant))
