"""How probes ask the host where a missing answer is no news, and how an error becomes a gap's outcome."""

from typing import Literal

from ..host import Host, HostError, NotPermitted, NotSupported


def names_in(host: Host, folder: str) -> list[str]:
    """Returns the names in a folder; none when it cannot be listed."""
    try:
        return host.names(folder)
    except HostError:
        return []


def link_of(host: Host, path: str) -> str:
    """Returns where a link points to; "" when it is none or cannot be read."""
    try:
        return host.link(path)
    except HostError:
        return ""


def outcome_of(error: HostError) -> Literal["not_permitted", "not_supported", "broken"]:
    """Returns the outcome of a gap that this error left."""
    if isinstance(error, NotPermitted):
        return "not_permitted"
    return "not_supported" if isinstance(error, NotSupported) else "broken"
