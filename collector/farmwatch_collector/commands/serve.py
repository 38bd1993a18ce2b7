"""`farmwatch serve`: the collector. Takes reports, judges, shows the console; stops at SIGTERM or Ctrl-C."""

import argparse
import logging
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from farmwatch_detectors.policy import Policy
from farmwatch_schema.identifiers import Keyer

from ..app import create_app
from ..export import channels_of
from ..ingest import company_key
from ..place.landmarks import read_landmarks
from ..place.making import places_of
from ..place.networks import Networks
from ..policy_file import read_policy
from ..roster_file import read_roster
from ..serving import Serving, loopback
from ..settings import Limits, Settings
from ..store import open_store

_LOG = "%(asctime)s %(levelname)s %(name)s %(message)s"
HELP = "the collector: takes reports, judges, shows the console"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    data_options(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address of this machine to listen at (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8440, help="port to listen at (8440); 0 lets the system choose")
    parser.add_argument("--per-minute", type=float, default=12.0, help="requests of one device (12); 0 without limit")
    parser.add_argument("--without-judging", action="store_true", help="takes reports only; another process judges")
    parser.add_argument("--policy", metavar="YAML", default="", help="what the company allows; see docs/policy.md")
    parser.add_argument("--roster", metavar="CSV", default="", help="replaces the stored roster; see docs/roster.md")
    parser.add_argument("--landmarks", metavar="YAML", default="", help="a company's own; see docs/landmarks.md")
    parser.add_argument("--calibration", metavar="FILE", default="", help="of farmwatch calibrate; see docs/place.md")
    parser.add_argument("--webhook", metavar="URL", default="", help="posts each new case there; see docs/cases.md")
    parser.add_argument("--webhook-file", metavar="FILE", default="", help="the same, for an address that is secret")
    parser.add_argument("--webhook-secret-file", metavar="FILE", default="", help="key that signs what is posted")
    parser.add_argument(
        "--webhook-ca", metavar="PEM", default="", help="the company's own authority, beside the system's"
    )
    parser.add_argument("--cef", metavar="TARGET", default="", help="a CEF line per new case: FILE or udp://HOST:514")
    parser.add_argument(
        "--trusted-proxy",
        metavar="NET",
        action="append",
        default=[],
        help="proxy that forwards requests' origins: 127.0.0.1; may be repeated; see docs/networks.md",
    )
    parser.add_argument(
        "--proxy-header",
        choices=["x-forwarded-for", "forwarded"],
        default="x-forwarded-for",
        help="header in which it does (x-forwarded-for)",
    )
    parser.add_argument("--networks", metavar="FILE", default="", help="network data instead of the shipped")
    parser.add_argument("--console-url", metavar="URL", default="", help="where links to cases lead")


def data_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that name the store."""
    parser.add_argument("--data", metavar="DIR", help="folder of the collector's data; made when it does not exist")
    parser.add_argument("--store", metavar="URL", help="the store instead of --data: sqlite:///PATH")


def store_url(options: argparse.Namespace) -> str:
    """Returns the store's address that the options name."""
    if options.store:
        return str(options.store)
    folder = options.data or os.environ.get("FARMWATCH_DATA") or "farmwatch-data"
    return f"sqlite:///{Path(folder).absolute()}/farmwatch.db"


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to stop; 0 then."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    limits = Limits(per_minute=max(0.0, options.per_minute))
    settings = Settings(
        host=loopback(options.host),
        port=options.port,
        policy=options.policy,
        roster=options.roster,
        judging=not options.without_judging,
        webhook=options.webhook,
        webhook_file=options.webhook_file,
        webhook_secret_file=options.webhook_secret_file,
        webhook_ca=options.webhook_ca,
        cef=options.cef,
        console_url=options.console_url,
        trusted_proxies=tuple(options.trusted_proxy),
        proxy_header=options.proxy_header,
        networks=options.networks,
        limits=limits,
    )
    channels_of(settings)  # what cannot be used is told before anything is made
    policy = _policy(settings.policy)
    landmarks = read_landmarks(options.landmarks) if options.landmarks else None
    facts_of = Networks.load(settings.networks).of if settings.networks else None
    places = places_of(landmarks, options.calibration, facts_of) if settings.judging else None
    store = open_store(store_url(options))
    try:
        if settings.roster:  # laptops may be named by their serials, which the company's key makes comparable
            store.set_roster(read_roster(settings.roster, Keyer.from_key(company_key(store))))
        app = create_app(settings, store, policy, landmarks, places)
        serving = Serving(app, settings)
        app.console_url = settings.console_url or serving.url

        def tell() -> None:
            print(f"farmwatch collector at {serving.url}", flush=True)
            print(f"console, one sign-in within ten minutes: {app.sessions.new_link(serving.url)}", flush=True)

        # uvicorn raises a signal again after its own graceful stop; the store is closed after that.
        signal.signal(signal.SIGTERM, lambda *_: None)
        serving.run(tell)
    except KeyboardInterrupt:
        pass
    finally:
        store.close()
    print("farmwatch collector stopped; every acknowledged report is stored.", file=sys.stderr)
    return 0


def _policy(path: str) -> Policy:
    if not path:
        return Policy()
    policy, warnings = read_policy(path, datetime.now(UTC).date())
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return policy
