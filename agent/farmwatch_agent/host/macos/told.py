"""What of a command's output may stand in a capture: names that people gave, and addresses in netstat's own form."""

import re
from collections.abc import Callable

Change = Callable[[str], str]

_QUOTED = re.compile(r'"[^"]*"')
#: Search domains and domains of resolvers, those of the protocol itself left alone.
_DOMAIN = re.compile(r"^(\s*(?:search )?domain(?:\[\d+\])?\s*: )(?!local$|\S*\.arpa$)(\S+)", re.MULTILINE)
_ENDPOINT = re.compile(r"(?<=\s)([0-9a-fA-F:.]+)((?:%\w+)?\.(?:\d{1,5}|\*))(?=\s|$)")
_LOOSE_MAC = re.compile(r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}(?![0-9A-Fa-f:])")
_SSID = re.compile(r"^(\s+SSID : )(?!<)(.+)$", re.MULTILINE)
_LOGIN_ITEM = re.compile(
    r" ?Records for UID -?\d+ ?:| {0,2}#\d+: *$|"
    r" *(?:Type|Disposition|Identifier|URL|Executable Path|Bundle Identifier|Parent Identifier): "
)
_HOME = re.compile(r"(/Users/)(?!Shared/)([^/\n]+)")
_SUMMARY = ("InterfaceType", "LinkStatusActive", "SSID", "BSSID")


def without_names(command: str, text: str, shaped: Change, address: Change) -> str:
    """Returns a command's output with invented names and addresses where the capture's own rules would miss them.

    command  its name in `commands.COMMANDS`
    shaped   returns an invented text of the same shape
    address  returns a text with the addresses in it exchanged
    """
    if command == "vpn_services":
        return _QUOTED.sub('"~"', text)
    if command == "name_servers":
        return _DOMAIN.sub(lambda match: match[1] + _domain(match[2], shaped), text)
    if command in ("tcp_sockets", "udp_sockets"):
        return _ENDPOINT.sub(lambda match: address(match[1]) + match[2], text)
    if command in ("neighbours", "neighbours_ipv6", "routes"):
        # Two digits a byte, so that they are known as MACs.
        return _LOOSE_MAC.sub(lambda match: ":".join(part.zfill(2) for part in match[0].split(":")), text)
    if command == "wifi_summary":
        lines = [line for line in text.split("\n") if line.strip().partition(" : ")[0] in _SUMMARY]
        return _SSID.sub(lambda match: match[1] + shaped(match[2]), "\n".join(lines))
    if command == "wifi_driver":
        return _driver(text, shaped)
    if command == "login_items":
        # Names of applications and developers may be a person's; homes are mostly written with the user's number.
        kept = "\n".join(line for line in text.split("\n") if _LOGIN_ITEM.match(line))
        return _HOME.sub(lambda match: match[1] + (match[2] if match[2].isdigit() else shaped(match[2])), kept)
    if command == "launchd_jobs":
        start = text.find("services = {")
        return text[start : text.find("}", start) + 1] if start >= 0 else ""
    return text


def _domain(name: str, shaped: Change) -> str:
    *labels, last = name.split(".")
    return ".".join([*map(shaped, labels), last if labels else shaped(last)])


def _driver(text: str, shaped: Change) -> str:
    """Returns the driver's entries with interface, band and an invented network, and nothing else."""
    import plistlib  # noqa: PLC0415 (captures of Macs only)
    from xml.parsers.expat import ExpatError  # noqa: PLC0415

    try:
        entries = plistlib.loads(text.encode()) if text.strip() else []
    except (ExpatError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return "not a property list"
    kept = []
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        told = {key: entry[key] for key in ("IOInterfaceName", "IO80211Band") if isinstance(entry.get(key), str)}
        ssid, bssid = entry.get("IO80211SSID"), entry.get("IO80211BSSID")
        if isinstance(ssid, str):
            told["IO80211SSID"] = ssid if ssid.startswith("<") else shaped(ssid)
        if isinstance(bssid, bytes) and len(bssid) == 6:
            unit = bssid[3:] if not any(bssid[3:]) else bytes.fromhex(shaped(bssid[3:].hex(":")).replace(":", ""))
            told["IO80211BSSID"] = bssid[:3] + unit
        kept.append(told)
    return plistlib.dumps(kept).decode()
