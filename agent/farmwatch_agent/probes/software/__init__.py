"""Installed applications and packages.

Reads
    /var/lib/dpkg/status and dates of /var/lib/dpkg/info/*.list; names in /var/lib/pacman/local; names below
    /var/lib/flatpak/app and /snap with their versions; names of folders in /opt; of home folders the desktop files
    (their program) and flatpaks that a user installed.
    macOS: Info.plist of each bundle in /Applications, in the folders in it and in ~/Applications; receipts in
    /var/db/receipts without Apple's own; names in Homebrew's Caskroom and Cellar.
    Windows: the Uninstall keys of the system, in both its views, and of users who are logged in; names of packages of
    the store.
Why
    A remote-access tool or VPN is installed though it does not run now; a second one; the day it came.
Never reads
    Documents, downloads, settings, web applications that a browser installed, a user's own file names.
Rights
    Packages are readable by every user. Other users' home folders are a gap.
Blind spots
    rpm's database is not readable without its library: a gap where it is found; so is a system with none of the
    three. A program copied to a home
    folder without a desktop file, and AppImages, show in `processes` only while they run. A date is that of
    the last install or upgrade.
    macOS: an application that was put elsewhere shows only while it runs; that of an App Store purchase has no receipt
    here. A bundle's date is its folder's.
    Windows: a program that is only copied shows in `processes` alone. Users who are not logged in have no hive loaded:
    a gap. Without a date of its own a program has the day on which its key was written. Packages have none.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.software import Package

from ...probe import Probe

PROBE = Probe(kind="software", emits=(Package, Gap), interval_seconds=3600, platforms=("linux", "macos", "windows"))
