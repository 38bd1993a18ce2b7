"""People on a Mac, for probes that look at what was installed or set in a home folder, and Apple's property lists.

Sources: File System Programming Guide (homes below /Users; Shared is nobody's); Darwin's system accounts begin with _.
"""

from typing import Any

from farmwatch_schema.observables import Gap, bucket

from ..host import Host, HostError, Missing, SourceBroken
from .asking import outcome_of
from .macos_registry import plist

HOMES = "/Users"
_NOBODY = frozenset({"Shared", "Guest"})
_SYSTEM_ACCOUNTS = frozenset({"root", "daemon", "nobody"})
MAX_HOMES = 50


def homes(host: Host) -> tuple[list[str], list[Gap]]:
    """Returns the home folders of people, and the gap that hidden ones leave."""
    try:
        names = [name for name in host.names(HOMES) if not name.startswith(".") and name not in _NOBODY]
    except Missing:
        return [], []
    except HostError as error:
        return [], [Gap(what="home folders", outcome=outcome_of(error))]
    gaps = []
    if len(names) > MAX_HOMES:
        what = "further home folders"
        gaps.append(Gap(what=what, outcome="not_supported", count=bucket(len(names) - MAX_HOMES)))
    return [f"{HOMES}/{name}" for name in names[:MAX_HOMES]], gaps


def is_person(account: str) -> bool:
    """Whether an account is a person's rather than the system's own."""
    return not account.startswith("_") and account not in _SYSTEM_ACCOUNTS


def parse_plist(data: bytes) -> Any:
    """Returns what a property list holds, XML or binary; raises ValueError for anything else."""
    try:
        return plist(data, "property list")
    except SourceBroken as error:
        raise ValueError(str(error)) from None


def parse_dictionary(data: bytes) -> dict[str, Any]:
    """Returns a property list whose top is a dictionary; raises ValueError for any other."""
    found = parse_plist(data)
    if not isinstance(found, dict):
        raise ValueError("the property list is no dictionary")
    return {key: value for key, value in found.items() if isinstance(key, str)}
