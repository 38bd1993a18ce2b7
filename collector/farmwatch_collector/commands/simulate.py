"""`farmwatch simulate`: a fleet over weeks, as reports or as a store's rows, with the truth beside it."""

import argparse
import sys
from datetime import date


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("--devices", type=int, required=True, metavar="N", help="laptops, those of farms among them")
    parser.add_argument("--days", type=int, default=30, metavar="D", help="from the first day on; 30 unless given")
    parser.add_argument("--first-day", type=date.fromisoformat, metavar="DAY", help="like 2026-10-05")
    parser.add_argument("--farms", type=int, default=0, metavar="K", help="of three levels of care in turn")
    parser.add_argument("--farm-sizes", default="2-60", metavar="A-B", help="from A to B laptops; 2-60 unless given")
    parser.add_argument("--seed", type=int, default=1, help="another number makes another fleet")
    parser.add_argument("--sase", type=float, default=0.0, metavar="X", help="share behind a security client, 0 to 0.7")
    parser.add_argument("--no-bssid", action="store_true", help="no laptop tells the access point")
    parser.add_argument("--every", type=int, metavar="MIN", help="minutes between two reports of a laptop: 120")
    parser.add_argument("--jsonl", metavar="FILE", help="write the reports as JSON lines; - is standard output")
    parser.add_argument("--send", metavar="URL", help="enrol each laptop at a collector, and send what it reports")
    parser.add_argument("--token-file", metavar="FILE", help="file with the enrolment token for --send")
    parser.add_argument("--rows", metavar="DIR", help="make a collector's data folder, for fleets of any size")
    parser.add_argument("--latest", action="store_true", help="with --rows: how each laptop stands at the end alone")
    parser.add_argument("--truth", metavar="FILE", help="write what is so, a JSON line a laptop")
    parser.add_argument("--roster", metavar="FILE", help="write the roster as CSV")
    parser.add_argument("--policy", metavar="FILE", help="write the policy as YAML")
    parser.add_argument("--key-file", metavar="FILE", help="write the key that identifiers were made with")
    parser.add_argument("--json", action="store_true", help="say what was made as one JSON document")
    parser.epilog = (
        "Examples:  farmwatch simulate --devices 500 --farms 3 --jsonl fleet.jsonl --roster roster.csv "
        "  farmwatch simulate --devices 100000 --farms 40 --rows /var/tmp/fleet --truth truth.jsonl"
    )


def run(options: argparse.Namespace) -> int:
    """Makes the fleet."""
    from ..lab.simulate.running import run  # noqa: PLC0415 - other verbs must not pay for the lab's imports

    said = run(options)
    # Where standard output has the reports, what they are made of is progress.
    print(said, file=sys.stderr if options.jsonl == "-" else sys.stdout)
    return 0
