"""`farmwatch devices`: devices by points, from the store."""

import argparse
from datetime import UTC, datetime

import msgspec

from ..assessment import LEVEL_WORDS
from ..reasons import reasons
from ..score_words import level_words
from ..store import open_store
from ..store.protocol import DeviceRow
from .serve import data_options, store_url

HELP = "devices by points"
SCHEMA = "farmwatch-devices-v1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("--level", choices=list(LEVEL_WORDS), default="none", help="this level and above")
    parser.add_argument("--search", default="", help="text in id, name, person, cohort or site")
    parser.add_argument("--limit", type=int, default=100, help="at most so many rows (100)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    data_options(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the table; 0, also when it is empty."""
    store = open_store(store_url(options), make=False)
    try:
        rows = store.rows(options.level, max(1, options.limit), options.search)
        counts = store.counts(options.search)
    finally:
        store.close()
    if options.json:
        items = [_record(row) for row in rows]
        document = {"schema": SCHEMA, "ok": True, "code": 0, "counts": counts, "items": items}
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
        return 0
    now = datetime.now(UTC)
    print(f"{'points':>6}  {'level':15} {'device':18} {'name':24} {'last seen':12} why")
    for row in rows:
        print(_line(row, now))
    if not rows:
        print("no device; enrol one with a token: farmwatch tokens new")
    return 0


def _record(row: DeviceRow) -> dict[str, object]:
    one = row.assessment
    return {
        "device": row.device.device,
        "name": row.device.name,
        "platform": row.device.platform,
        "cohort": row.cohort,
        "last_seen_at": row.device.last_seen_at,
        "revoked": row.device.revoked,
        "problem": row.problem,
        "level": one.attention if one else None,
        "points": one.points if one else None,
        "probability": one.probability if one else None,
        "sentence": one.sentence if one else "",
        "judged_at": one.at if one else None,
    }


def _line(row: DeviceRow, now: datetime) -> str:
    one = row.assessment
    seen = row.device.last_seen_at
    minutes = int((now - seen).total_seconds() // 60) if seen else -1
    age = "never" if seen is None else f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    points = f"{one.points:6}" if one else "     -"
    level = level_words(one.attention, one.groups) if one else "not judged"
    why = row.problem or ("; ".join(reason.words for reason in reasons(one)) if one else "")
    return f"{points}  {level:15} {row.device.device:18} {row.device.name[:24]:24} {age:12} {why}"
