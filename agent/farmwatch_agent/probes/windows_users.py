r"""People on a Windows laptop, for probes that look at what was installed or set in a profile.

Sources: learn.microsoft.com, "About User Profiles" and the ProfileList key; "Well-known SIDs": accounts of people are
S-1-5-21-... (local and domain) and S-1-12-1-... (Microsoft Entra). HKU holds the hives of those who are logged in;
HKU\SID_Classes is the part of HKCR and no person of its own.
"""

import re
from collections.abc import Iterator

import msgspec

from farmwatch_schema.observables import Gap, bucket

from ..host import Host, HostError, Missing, NotPermitted
from ..host.windows.registry import RegistryBranch, RegistryKey
from .asking import outcome_of

PROFILES = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
_PEOPLE = ("S-1-5-21-", "S-1-12-1-")
MAX_USERS = 50


class Users(msgspec.Struct, kw_only=True):
    """Folders of people's profiles, registry hives of those who are logged in, and what is not seen of others."""

    homes: tuple[str, ...] = ()
    hives: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def is_person(sid: str) -> bool:
    """Whether a SID is an account that a person uses."""
    return sid.startswith(_PEOPLE)


def users(host: Host) -> Users:
    """Returns homes and loaded hives of people, and the gap that people who are not logged in leave."""
    gaps: list[Gap] = []
    homes: list[str] = []
    people: list[str] = []
    unread = 0
    try:
        for profile in host.rows(RegistryBranch, PROFILES):
            unread += bool(profile.problem)
            if is_person(profile.name) and not profile.name.endswith(".bak"):
                people.append(profile.name)
                home = profile.texts.get("ProfileImagePath", "")
                if home:
                    # Written with a variable, the only one that can stand before homes are known.
                    homes.append(re.sub(r"^%SystemDrive%", "C:", home, flags=re.IGNORECASE))
    except HostError as error:
        gaps.append(Gap(what="profiles of users", outcome=outcome_of(error)))
    if unread:
        gaps.append(Gap(what="profiles of users", outcome="broken", count=bucket(unread)))
    loaded: list[str] = []
    try:
        loaded = [sid for sid in host.rows(RegistryKey, "HKU")[0].keys if is_person(sid) and "_" not in sid]
    except (HostError, IndexError) as error:
        if isinstance(error, HostError):
            gaps.append(Gap(what="registry of users", outcome=outcome_of(error)))
    away = set(people) - set(loaded)
    if away:
        what = "registry of users who are not logged in"
        gaps.append(Gap(what=what, outcome="not_supported", count=bucket(len(away))))
    return Users(
        homes=tuple(homes[:MAX_USERS]), hives=tuple(f"HKU\\{sid}" for sid in loaded[:MAX_USERS]), gaps=tuple(gaps)
    )


class InHives:
    """Asks for one key in every person's hive, and keeps what could not be read as one gap."""

    def __init__(self, host: Host, who: Users) -> None:
        self._host = host
        self._hives = who.hives
        self._closed: set[str] = set()
        self._broken: set[str] = set()

    def key(self, below: str) -> Iterator[RegistryKey]:
        """Yields the key of that path in each hive that has it."""
        for hive in self._hives:
            try:
                yield from self._host.rows(RegistryKey, f"{hive}\\{below}")
            except HostError as error:
                self._note(hive, error)

    def branch(self, below: str) -> Iterator[RegistryBranch]:
        """Yields every key right below that path in each hive that has it."""
        for hive in self._hives:
            try:
                yield from self._host.rows(RegistryBranch, f"{hive}\\{below}")
            except HostError as error:
                self._note(hive, error)

    def gaps(self) -> Iterator[Gap]:
        """Yields what of other users' registries could not be read."""
        if self._closed:
            yield Gap(what="registry of other users", outcome="not_permitted", count=bucket(len(self._closed)))
        if self._broken:
            yield Gap(what="registry of users", outcome="broken", count=bucket(len(self._broken)))

    def _note(self, hive: str, error: HostError) -> None:
        if isinstance(error, NotPermitted):
            self._closed.add(hive)
        elif not isinstance(error, Missing):
            self._broken.add(hive)
