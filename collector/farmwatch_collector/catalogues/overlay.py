"""The file that an import writes: what LOLRMM says beyond our own catalogue. Checked as a whole, then written."""

import contextlib
import hashlib
import os
import tempfile
from datetime import date

import msgspec

from farmwatch_detectors.catalog.deception import tools as deception_tools
from farmwatch_detectors.catalog.extensions import assistive
from farmwatch_detectors.catalog.lolrmm import Correction
from farmwatch_detectors.products import RemoteTool, Tunnel
from farmwatch_schema.errors import FarmwatchError

from . import checking, lolrmm
from .merging import PLATFORMS, Outcome, Owners, merge
from .writing import entry_text

BASE, CORRECTIONS = "remote_access", "lolrmm"


class OverlayError(FarmwatchError):
    """An overlay that must not be, or could not be, written; nothing was."""


class Import(msgspec.Struct, frozen=True):
    """An import that was worked out: what became of each record, sentences on those that are none, and the file."""

    outcomes: list[Outcome]
    broken: list[str]
    text: str


def work_out(source: str, catalogues: dict[str, bytes], today: date) -> Import:
    """Returns what an export brings; `catalogues` are those that it is laid over, by name.

    Raises InputError for a source that cannot be read, OverlayError where the result would break a rule.
    """
    records, broken = lolrmm.read(source)
    base = checking.parsed(catalogues[BASE], BASE, RemoteTool).entries
    tunnels = checking.parsed(catalogues["vpn_tunnel"], "vpn_tunnel", Tunnel).entries
    corrections = checking.parsed(catalogues[CORRECTIONS], CORRECTIONS, Correction).entries
    by_record = {name.casefold(): entry for entry in corrections for name in entry.records}
    others = [name for p in (*tunnels, *deception_tools()) for system in PLATFORMS for name in p.names.on(system)]
    others += [name for each in assistive() for system in PLATFORMS for name in each.names.on(system)]
    outcomes, tools = merge(records, Owners(base, others), by_record, today)
    text = _text(tools, _digest(source), len(records), today)
    changed = {**catalogues, checking.OVERLAY: text.encode()}
    _, before = checking.check(catalogues, today)
    _, after = checking.check(changed, today)
    worse = [fault for fault in after if fault not in before]
    if worse:
        raise OverlayError(f"{source}: the result would break a rule: {worse[0]} Nothing was written.")
    return Import(outcomes, broken, text)


def write(path: str, text: str) -> None:
    """Replaces a file as a whole: whoever reads it sees the old one or the new one."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".catalogue-", dir=folder)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise OverlayError(
            f"{path}: cannot be written: {error.strerror}. Nothing was changed. "
            "Give --output FILE, or run it as whoever installed farmwatch."
        ) from error


def _text(tools: dict[str, RemoteTool], digest: str, records: int, today: date) -> str:
    head = (
        f'version: "{today}"\n'
        "about: |\n"
        "  What LOLRMM says beyond remote_access.yaml. Written by `farmwatch catalog import-lolrmm`, never by hand;\n"
        f"  laid over remote_access.yaml when that is read. L stands for that export\n"
        f"  (LOLRMM, Apache-2.0) of {records} records, read on {today}, SHA-256 of the file:\n"
        f"  {digest}\n"
    )
    if not tools:
        return head + "entries: []\n"
    return head + "entries:\n" + "".join(entry_text(tools[key]) for key in sorted(tools))


def _digest(source: str) -> str:
    digest = hashlib.sha256()
    names = sorted(os.listdir(source)) if os.path.isdir(source) else [""]
    for name in names:
        if name == "" or name.endswith((".yaml", ".yml")):
            with open(os.path.join(source, name) if name else source, "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()
