"""`farmwatch networks build|show`: newer data on networks without npm, and what is known of an address."""

import argparse
import os
import sys
from datetime import UTC, date, datetime

import msgspec

from ..input_error import InputError
from ..place.network_build import SOURCES, build
from ..place.network_file import pack
from ..place.networks import Networks

HELP = "data on the networks of addresses: build, show"
SCHEMA = "farmwatch-networks-v1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.epilog = (
        "Examples:  farmwatch networks build --asn asn-ipv4.csv asn-ipv6.csv --country country-ipv4.csv "
        "--out networks.bin   farmwatch networks show 192.0.2.7 --networks networks.bin"
    )
    parser.add_argument("action", choices=["build", "show"], help="what to do")
    parser.add_argument("address", nargs="*", help="show: addresses to look up; they are kept nowhere")
    parser.add_argument("--asn", metavar="CSV", nargs="+", default=[], help="build: first,last,number,name")
    parser.add_argument("--country", metavar="CSV", nargs="+", default=[], help="build: first,last,country")
    parser.add_argument("--out", metavar="FILE", default="networks.bin", help="build: where to write (networks.bin)")
    parser.add_argument("--source", metavar="TEXT", nargs="+", default=list(SOURCES), help="build: whose data it is")
    parser.add_argument("--made-on", metavar="DATE", default="", help="build: day of the data (today)")
    parser.add_argument("--networks", metavar="FILE", default="", help="show: packed data instead of the shipped")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(options: argparse.Namespace) -> int:
    """Builds or shows; 0 then, 1 when there is no data to show from."""
    return _build(options) if options.action == "build" else _show(options)


def _build(options: argparse.Namespace) -> int:
    if options.address or not options.asn or not options.country:
        problem = "needs --asn and --country, and no address."
        raise InputError("farmwatch networks build", 0, "", problem, "See --help; docs/networks.md names the files.")
    made_on = options.made_on or datetime.now(UTC).date().isoformat()
    try:
        date.fromisoformat(made_on)
    except ValueError:
        raise InputError("--made-on", 0, "", f"{made_on!r} is no date.", "Write it as 2026-06-17.") from None
    table = build(options.asn, options.country, made_on, tuple(options.source))
    data = pack(table)
    fresh = f"{options.out}.new"
    try:
        with open(fresh, "wb") as file:
            file.write(data)
        os.replace(fresh, options.out)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(options.out, 0, "", f"cannot be written: {reason}.", "Name another with --out.") from error
    ranges = sum(len(each.starts) for each in (table.asn4, table.asn6, table.country4, table.country6))
    item = {"file": options.out, "bytes": len(data), "ranges": ranges, "networks": len(table.names)}
    if options.json:
        _print([item])
    else:
        print(f"{options.out}: {len(data) / 1e6:.1f} MB, {ranges} ranges, {len(table.names)} networks.")
        print(f"use it: farmwatch serve --networks {options.out}", file=sys.stderr)
    return 0


def _show(options: argparse.Namespace) -> int:
    networks = Networks.load(options.networks or None)
    if networks.table is None:
        print("no network data here: make assets, or farmwatch networks build", file=sys.stderr)
    rows = [(address, networks.of(address)) for address in options.address]
    if options.json:
        _print([{"address": address, **msgspec.structs.asdict(facts)} for address, facts in rows])
    else:
        for address, facts in rows:
            known = f"AS{facts.asn} {facts.network}" if facts.asn else "network not known"
            print(f"{address}  {facts.kind or 'class not known'}  {known}  {facts.country or 'country not known'}")
        for source in networks.table.sources if networks.table else ():
            print(source, file=sys.stderr)
    return 0 if networks.table is not None else 1


def _print(items: list[dict[str, object]]) -> None:
    document = {"schema": SCHEMA, "ok": True, "code": 0, "items": items}
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
