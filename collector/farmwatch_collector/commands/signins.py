"""`farmwatch signins import|token`: sign-ins of people from a CSV file, and the webhook's token."""

import argparse
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from farmwatch_schema.identifiers import Keyer

from ..acting import actor
from ..drawn import drawn
from ..ingest import company_key
from ..input_error import InputError
from ..origins import company_addresses
from ..place.networks import Networks
from ..policy_file import read_policy
from ..sign_in_hook import digest_of
from ..sign_ins import SignInReader, read_csv
from ..store import open_store
from .serve import data_options, store_url

HELP = "people's sign-ins: import a file, make the webhook's token"
SCHEMA = "farmwatch-signins-v1"
#: People whom the roster lacks that are named.
FEW = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.epilog = "Examples:  farmwatch signins import october.csv --dry-run   farmwatch signins token"
    parser.add_argument("action", choices=["import", "token"], help="what to do")
    parser.add_argument("file", nargs="?", default="", help="import: CSV file; see docs/networks.md")
    parser.add_argument("--dry-run", action="store_true", help="import: says what would be taken, and takes nothing")
    parser.add_argument("--policy", metavar="YAML", default="", help="import: names the company's own addresses")
    parser.add_argument("--networks", metavar="FILE", default="", help="import: network data instead of the shipped")
    parser.add_argument("--revoke", action="store_true", help="token: ends the one that holds, and makes none")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    data_options(parser)


def run(options: argparse.Namespace) -> int:
    """Imports or makes a token; 0 then."""
    return _import(options) if options.action == "import" else _token(options)


def _import(options: argparse.Namespace) -> int:
    if not options.file:
        raise InputError("farmwatch signins import", 0, "", "needs a file.", "Name a CSV file; docs/networks.md.")
    now = datetime.now(UTC)
    places = read_policy(options.policy, now.date())[0].places if options.policy else ()
    networks = Networks.load(options.networks or None, company_addresses(places))
    rows = read_csv(options.file)
    store = open_store(store_url(options))
    try:
        keyer = Keyer.from_key(company_key(store))
        taken = SignInReader(networks, keyer).take(rows, options.file, now)
        strangers = sorted(taken.found.keys() - {entry.person for entry in store.roster_rows().values()})
        added = 0 if options.dry_run else store.add_sign_ins(taken.found)
        if not options.dry_run:
            store.note(now, actor(), "imported sign-ins", f"{added} new")
    finally:
        store.close()
    item: dict[str, object] = {"rows": len(rows), "people": len(taken.found), "added": added, "too_old": taken.too_old}
    item["known"] = 0 if options.dry_run else taken.rows - added
    item["not_in_roster"] = len(strangers)
    if options.json:
        _print([item])
        return 0
    if options.dry_run:
        print(f"{options.file}: {taken.rows} sign-ins of {len(taken.found)} people can be taken; nothing was.")
    else:
        print(f"{options.file}: {added} sign-ins added, {item['known']} were there already.")
    if strangers:
        print(_not_in_roster(strangers), file=sys.stderr)
    if taken.too_old:
        print(f"{taken.too_old} are older than 60 days and left out.", file=sys.stderr)
    if networks.table is None:
        print("no network data here: countries and classes of addresses stay unknown", file=sys.stderr)
    return 0


def _not_in_roster(people: Sequence[str]) -> str:
    named = ", ".join(drawn(person) for person in people[:FEW]) + (" ..." if len(people) > FEW else "")
    return (
        f"{len(people)} of these people are not in the roster and count for no laptop: {named}. Ids must be the same."
    )


def _token(options: argparse.Namespace) -> int:
    token = "" if options.revoke else secrets.token_urlsafe(32)
    store = open_store(store_url(options))
    try:
        store.set_sign_in_token(digest_of(token) if token else b"")
        store.note(datetime.now(UTC), actor(), "ended sign-in token" if options.revoke else "made sign-in token", "")
    finally:
        store.close()
    if options.json:
        _print([{"token": token}] if token else [])
    elif token:
        print(token)
        print("shown this once; the one before it holds no more. POST /v1/sign-ins, docs/networks.md", file=sys.stderr)
    else:
        print("no token holds now.")
    return 0


def _print(items: list[dict[str, object]]) -> None:
    document = {"schema": SCHEMA, "ok": True, "code": 0, "items": items}
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
