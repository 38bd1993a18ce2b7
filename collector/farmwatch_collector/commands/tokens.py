"""`farmwatch tokens new|list`: enrolment tokens. A token is shown once; the store holds its SHA-256 only."""

import argparse
import secrets
import sys
from datetime import UTC, datetime, timedelta

import msgspec

from farmwatch_schema.errors import FarmwatchError

from ..acting import actor
from ..ingest import token_digest
from ..store import open_store
from .serve import data_options, store_url

HELP = "enrolment tokens: make and list"
SCHEMA = "farmwatch-tokens-v1"
MOST_DAYS = 30


class TokenOptionError(FarmwatchError):
    """A token that must not be made; str() says which option to change."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.epilog = "Examples:  farmwatch tokens new --uses 20 --label new-hires   farmwatch tokens list --json"
    parser.add_argument("action", choices=["new", "list"], help="what to do")
    parser.add_argument("--uses", type=int, default=1, help="how many laptops may enrol with it (1)")
    parser.add_argument("--days", type=int, default=7, help=f"how long it may be used, at most {MOST_DAYS} (7)")
    parser.add_argument("--label", default="", help="what it is for, in your words")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    data_options(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the new token, or the table of tokens; 0 then."""
    if options.action == "new":
        if options.uses < 1:
            raise TokenOptionError(f"--uses {options.uses}: at least one laptop must be able to use it.")
        if not 1 <= options.days <= MOST_DAYS:
            raise TokenOptionError(f"--days {options.days}: a token holds 1 to {MOST_DAYS} days.")
    store = open_store(store_url(options))
    try:
        now = datetime.now(UTC)
        if options.action == "new":
            token = secrets.token_urlsafe(24)
            expires_at = now + timedelta(days=options.days)
            store.add_token(token_digest(token), options.label, options.uses, expires_at)
            store.note(now, actor(), "made enrolment token", options.label)
            if options.json:
                item = {"token": token, "uses": options.uses, "expires_at": expires_at, "label": options.label}
                _print({"items": [item]})
            else:
                print(token)
                print(f"shown this once; {options.uses} uses until {expires_at:%Y-%m-%d %H:%M} UTC", file=sys.stderr)
            return 0
        tokens = store.tokens()
    finally:
        store.close()
    if options.json:
        _print({"items": tokens})
        return 0
    print(f"{'label':24} {'used':>9}  {'expires (UTC)':16}  {'last used (UTC)':16}")
    for row in tokens:
        last = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never"
        used = f"{row.used} of {row.uses}"
        print(f"{row.label[:24]:24} {used:>9}  {row.expires_at:%Y-%m-%d %H:%M}  {last:16}")
    return 0


def _print(document: dict[str, object]) -> None:
    print(
        msgspec.json.format(
            msgspec.json.encode({"schema": SCHEMA, "ok": True, "code": 0, **document}), indent=2
        ).decode()
    )
