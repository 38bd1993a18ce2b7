"""What is added to browsers: extensions and the programs that they may talk to.

Reads
    Names of the folders in which Chromium's family keeps the extensions of each profile; extensions.json of Firefox
    (ids, kind, place, who installed it); manifests of native-messaging hosts (name and program). Windows: the
    registry keys that lead to such manifests, and the policies that install extensions.
    Linux: the same for packages, snaps and flatpaks; policy files below /etc.
    macOS: the same folders below ~/Library/Application Support and /Library; Info.plist of the plug-ins in
    /Applications that extend Safari.
Why
    Chrome Remote Desktop and its like drive a laptop from inside a browser: what they leave behind is an extension
    and a native-messaging host.
Never reads
    History, bookmarks, cookies, passwords, sessions, settings of a browser, names of profiles, what an extension
    stores. No page, ever.
Rights
    Other users' profiles are theirs: a gap for an ordinary user.
    macOS: other users' Library folders are theirs; without Full Disk Access macOS may refuse more, a gap as well.
Blind spots
    A browser started with a profile folder of its own elsewhere, a portable browser, extensions loaded unpacked by a
    developer, and web applications without an extension are not seen. Whether an extension is switched on is not
    told in Chromium's family, because that stands among the user's settings; who installed it is told where a policy
    of the system names it.
    macOS: of a Safari extension is told that its application is installed, not whether it is switched on; policies
    of the company's (configuration profiles) are not read, so who installed an extension is not known in Chromium's
    family.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost

from ...probe import Probe

PROBE = Probe(
    kind="browsers",
    emits=(BrowserExtension, NativeHost, Gap),
    interval_seconds=3600,
    platforms=("linux", "macos", "windows"),
)
