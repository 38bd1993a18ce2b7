"""Exactly what was last sent, and why each kind is looked at. Any user may ask; nothing is read anew."""

import importlib
import re
import time

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.errors import CodecError

from .. import identity, probes
from ..options import FAILED, OK, AgentError, Options, readable

OPTIONS = {"json": ""}
WORDS: tuple[str, ...] = ()

#: The headings of a probe's docstring that a person wants to know; each stands alone on its line, the text indented.
HEADINGS = ("Reads", "Why", "Never reads")


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender left: when, the answer, and the reports byte for byte."""

    sent_at: str
    status: str
    message: str
    headers: dict[str, str]
    reports: list[msgspec.Raw]


def run(options: Options) -> int:
    """Prints it."""
    state = identity.open_state(options.text("state-dir"), to_look=True)
    try:
        data = state.left_by_sender(identity.SENT)
        sent = codec.decode(data, Sent, state.sent)
    except FileNotFoundError as error:
        raise AgentError(
            f"{state.sent}: nothing was ever sent from here. farmwatch-agent collect shows what would be.", FAILED
        ) from error
    except (OSError, CodecError) as error:
        raise AgentError(f"{state.sent}: cannot be read ({error}).", FAILED) from error
    if options.flag("json"):
        why = {name: _why(name) for name in probes.NAMES}
        document = {"schema": 1, "verb": "explain", "ok": True, "code": OK, "sent": msgspec.Raw(data), "why": why}
        print(msgspec.json.encode(document).decode())
        return OK
    _show(f"sent at {sent.sent_at} for device {sent.headers.get('farmwatch-device', '')}: {sent.message}")
    for raw in sent.reports:
        report = codec.decode_report(raw)
        print()
        _show(f"report {report.sequence} of epoch {report.epoch}, made at {report.created_at}")
        for section in report.sections:
            print()
            _show(f"  {section.kind}: {section.outcome}{' (' + section.reason + ')' if section.reason else ''}")
            for heading, text in _why(section.kind).items():
                _show(f"    {heading.lower()}: {text}")
            for item in _items(section.items):
                _show(f"    sent: {item}")
            if section.digest and not section.items:
                _show(f"    sent: the same as last time, by its digest {section.digest[:16]}...")
    from ..rounds import told  # noqa: PLC0415 (beside its use)

    print()
    _show(f"measuring: {told(state, time.time())}")
    return OK


def _show(line: str) -> None:
    """Prints a line. What the sender left is another account's text, and may be made to steer root's terminal."""
    print(readable(line, len(line)))


def _items(items: msgspec.Raw | msgspec.UnsetType) -> list[str]:
    if items is msgspec.UNSET:
        return []
    return [bytes(item).decode() for item in msgspec.json.decode(items, type=list[msgspec.Raw])]


def _why(kind: str) -> dict[str, str]:
    """Returns what the probe's docstring says under the headings a person wants; {} when there is no such probe."""
    if kind not in probes.NAMES:
        # Only what this agent itself names is ever imported.
        return {}
    try:
        text = importlib.import_module(f"{probes.__name__}.{kind}").__doc__ or ""
    except ModuleNotFoundError:
        return {}
    found: dict[str, str] = {}
    for heading in HEADINGS:
        match = re.search(rf"^{heading}\n((?:[ \t]+\S.*\n?)+)", text, re.MULTILINE)
        if match:
            found[heading] = " ".join(match[1].split())
    return found
