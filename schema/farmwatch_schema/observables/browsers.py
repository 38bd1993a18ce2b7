"""What is added to browsers: extension ids and native-messaging hosts. Never history, bookmarks, or a page."""

from .base import Kind, Observable


class BrowserExtension(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="browser_extension"):
    """An extension of a browser, all profiles of all users together.

    browser   `chrome`, `chromium`, `edge`, `brave`, `opera`, `vivaldi`, `firefox`, `safari`
    id        as the browser names it: 32 letters a-p (Chromium's family), an add-on id (Firefox), a bundle id (Safari)
    profiles  how many profiles hold it, as a bucket; "0" when only a policy names it
    by_policy the company's policy installed it; null when not known
    """

    browser: str
    id: str
    profiles: str = "1"
    by_policy: bool | None = None


class NativeHost(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="native_host"):
    """A program that extensions may talk to.

    browser  as above
    name     of the host: "com.google.chrome.remote_desktop"
    path     of the program, home folders as `~`; null when not read
    run_by   `system` or `user`: for whom it is registered
    """

    browser: str
    name: str
    path: str | None = None
    run_by: str = "system"


KIND = Kind("browsers", "state", (BrowserExtension, NativeHost))
