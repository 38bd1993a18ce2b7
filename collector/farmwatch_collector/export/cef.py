"""One CEF line per new case: ArcSight Common Event Format, version 0.

In the header `|` and `\\` are escaped, in the extension `=` and `\\`, and line breaks become `\\n` and `\\r`: nothing
that a laptop is named or reports can end a field or begin a line. Lengths are those of the CEF dictionary.
"""

from .. import __version__
from ..assessment import AttentionLevel
from ..drawn import drawn
from .telling import Telling

SEVERITY: dict[AttentionLevel | str, int] = {"none": 1, "watch": 3, "review": 6, "urgent": 8, "near_certain": 10}
NAMES = {"case_opened": "New case about a laptop", "case_returned": "A laptop is back after its case was closed"}
FARM_NAMES = {"case_opened": "New case about a farm", "case_returned": "A farm is back after its case was closed"}

#: Octets of a whole line: what every receiver of syslog over UDP should take (RFC 5426, section 3.2).
LONGEST_LINE = 2048
#: Of a syslog header before it.
ROOM = 128
LONGEST_HEADER = 63
LONGEST = {"externalId": 40, "deviceExternalId": 255, "msg": 1023, "request": 1023}


def cef_line(telling: Telling) -> str:
    """Returns the line, without a line break; the sentence is cut where the line would be too long."""
    body = telling.body
    names = FARM_NAMES if body.farm else NAMES
    header = ("CEF:0", "farmwatch", "farmwatch", __version__, body.event, names.get(body.event, body.event))
    head = "|".join((header[0], *(header_value(part) for part in header[1:]), str(SEVERITY.get(body.level, 5)), ""))
    fields: dict[str, str] = {
        "rt": str(int(body.at.timestamp() * 1000)),
        "externalId": telling.name,
        **({} if body.farm else {"deviceExternalId": body.device}),
        "cn1Label": "points",
        "cn1": str(body.points),
        "cn2Label": "case",
        "cn2": str(body.case),
        "cs1Label": "level",
        "cs1": body.level,
        "cs2Label": "groups",
        "cs2": " ".join(body.groups),
    }
    if body.farm:
        # One field of one device has no room for several: the page behind the link lists them.
        fields |= {"cs3Label": "farm", "cs3": str(body.farm), "cn3Label": "laptops", "cn3": str(len(body.members))}
    if telling.link:
        fields["request"] = telling.link
    line = ""
    for most in (LONGEST["msg"], 700, 400, 200, 80):
        every = {**fields, "msg": _cut(body.sentence, most)}
        line = head + " ".join(f"{key}={value(text, LONGEST.get(key, LONGEST['msg']))}" for key, text in every.items())
        if len(line.encode()) <= LONGEST_LINE - ROOM:
            break
    return line


def header_value(text: str) -> str:
    """Returns text for a field of the header: one line, `|` and `\\` escaped."""
    return drawn(text.replace("\r", " ").replace("\n", " "))[:LONGEST_HEADER].replace("\\", "\\\\").replace("|", "\\|")


def value(text: str, most: int) -> str:
    """Returns text for a value of the extension: `=`, `\\` and line breaks escaped, cut before that."""
    cut = drawn(text, "\r\n")[:most]
    return cut.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
