"""`farmwatch landmarks list|check|quarantine`: what laptops measure, whether it can be right, what was taken out."""

import argparse
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from farmwatch_schema.errors import FarmwatchError

from ..acting import actor
from ..drawn import drawn
from ..input_error import InputError
from ..place.gazetteer import gazetteer
from ..place.geocoding import PlaceError, geocoder
from ..place.landmark_check import MOST_TRIES, Fault, Tried, check, try_all
from ..place.landmarks import read_landmarks, shipped
from ..place.networks import Networks
from ..place.quarantine import decided
from ..place.types import Landmark, LandmarkState
from ..store import open_store
from .serve import data_options, store_url

HELP = "what laptops measure: list, check, quarantine"
SCHEMA = "farmwatch-landmarks-v1"
MOST_REASON = 500


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's actions and their options."""
    parser.epilog = (
        "Examples:  farmwatch landmarks list --provider vultr   "
        "farmwatch landmarks check --landmarks own.yaml --live --here 'Dublin, IE'   "
        "farmwatch landmarks quarantine lift vultr:wa-us --reason 'our own firewall answered'"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = _act(actions, "list", "every landmark that may be measured")
    listing.add_argument("--provider", default="", help="of one provider only")
    checking = _act(actions, "check", "whether they can be where they are said to be")
    checking.add_argument(
        "--live", action="store_true", help=f"tries each from this machine, at most {MOST_TRIES} times"
    )
    checking.add_argument("--here", metavar="CITY", default="", help="where this machine stands, for light's bound")
    checking.add_argument("--only", action="append", metavar="ID", help="this landmark only; repeatable")
    for action in (listing, checking):
        action.add_argument(
            "--landmarks", metavar="YAML", default="", help="a company's own file over the shipped ones"
        )
    quarantine = _act(actions, "quarantine", "which the fleet's own times disprove")
    acts = quarantine.add_subparsers(dest="act", metavar="ACT", required=True)
    states = _act(acts, "list", "doubted ones, with their witnesses")
    lift = _act(acts, "lift", "uses one again; holds two weeks against new witnesses")
    put = _act(acts, "put", "takes one out by hand")
    for act in (lift, put):
        act.add_argument("landmark", metavar="ID", help="the landmark's id")
        act.add_argument("--reason", required=True, help="why, for whoever reads it later")
    for act in (states, lift, put):
        data_options(act)
    for action in (listing, checking, states, lift, put):
        setattr(action, "as_json", getattr(parser, "as_json", False))  # noqa: B010
        action.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _act(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str
) -> argparse.ArgumentParser:
    return actions.add_parser(name, help=words, description=words)


def run(options: argparse.Namespace) -> int:
    """Does what was asked; `check` ends with 1 when a landmark must not be used as it is."""
    if options.action == "quarantine":
        return _quarantine(options)
    try:
        landmarks = read_landmarks(options.landmarks) if options.landmarks else shipped()
    except InputError as error:
        if not options.json:
            raise
        fault = {
            "file": error.file, "line": error.line, "field": error.field, "problem": error.problem,
            "remedy": error.remedy,
        }  # fmt: skip
        _print({"schema": SCHEMA, "ok": False, "code": 1, "items": [], "error": fault})
        return 1
    return _list(options, landmarks) if options.action == "list" else _check(options, landmarks)


def _list(options: argparse.Namespace, landmarks: Mapping[str, Landmark]) -> int:
    rows = [one for _, one in sorted(landmarks.items()) if not options.provider or one.provider == options.provider]
    if options.json:
        _print({"schema": SCHEMA, "ok": True, "code": 0, "items": rows})
        return 0
    print(f"{'landmark':26} {'place':26} {'latitude':>9} {'longitude':>9} {'+-km':>5} host")
    for one in rows:
        mark = " (own, signed)" if one.method == "signed" else " (own)" if one.own else ""
        print(
            f"{one.landmark:26} {drawn(one.place)[:26]:26} {one.latitude:9.3f} {one.longitude:9.3f} "
            f"{one.uncertainty_km:5.0f} {one.host}:{one.port}{mark}"
        )
    print(f"{len(rows)} landmarks; nobody who ships this list has tried them live: farmwatch landmarks check --live")
    return 0


def _check(options: argparse.Namespace, landmarks: Mapping[str, Landmark]) -> int:
    here = None
    if options.here:
        try:
            here = geocoder().claim(options.here)
        except PlaceError as error:
            raise FarmwatchError(f"--here {options.here[:60]}: {error}") from error
    unknown = sorted(set(options.only or ()) - set(landmarks))
    if unknown:
        raise FarmwatchError(f"--only {unknown[0]}: there is no such landmark. See: farmwatch landmarks list")
    faults = check(landmarks, gazetteer(), geocoder())
    tried: list[Tried] = []
    if options.live:
        chosen = [one for name, one in sorted(landmarks.items()) if not options.only or name in options.only]
        networks = Networks.load(None)
        if here is None:
            print("without --here CITY light's bound is not asked; only who answers is.", file=sys.stderr)
        for one in try_all(chosen, here, lambda address: networks.of(address).asn):
            tried.append(one)
            if not options.json:
                print(_line(one), flush=True)
    code = 1 if any(fault.grave for fault in faults) or any(one.problem for one in tried) else 0
    if options.json:
        _print({"schema": SCHEMA, "ok": not code, "code": code, "items": tried, "faults": faults})
        return code
    for fault in faults:
        print(_words(fault), file=sys.stderr)
    bad = sum(bool(one.problem) for one in tried)
    live = f"; {len(tried) - bad} of {len(tried)} tried are well" if options.live else "; none was tried (--live)"
    graves = sum(fault.grave for fault in faults)
    print(f"{len(landmarks)} landmarks: {graves} faults, {len(faults) - graves} warnings{live}")
    return code


def _line(one: Tried) -> str:
    took = f"{one.least_ms:8.1f} ms" if one.least_ms is not None else "         - "
    network = f"AS{one.asn}" if one.asn else ""
    problem = f"{one.problem}: {one.words}" if one.problem else ""
    return f"{one.landmark:26} {took} {one.address:39} {network:9} {problem}".rstrip()


def _words(fault: Fault) -> str:
    grave = "fault" if fault.grave else "warning"
    return f"{grave}: {fault.landmark + ': ' if fault.landmark else ''}{fault.problem} {fault.remedy}"


def _quarantine(options: argparse.Namespace) -> int:
    store = open_store(store_url(options), make=False)
    try:
        states = store.landmark_states()
        if options.act != "list":
            state = _decide(options, states)
            store.decide_landmark(state)
            states = {state.landmark: state}
    finally:
        store.close()
    if options.json:
        _print({"schema": SCHEMA, "ok": True, "code": 0, "items": list(states.values())})
        return 0
    for state in states.values():
        print(f"{state.landmark:26} {state.state:12} {state.changed_at:%Y-%m-%d %H:%M}  {drawn(state.reason)}")
        for one in state.witnesses:
            print(f"{'':26} {one.day} device {one.device}: {one.rtt_ms:.1f} ms, {one.km:,.0f} km too near")
    if not states:
        print("no landmark is doubted")
    return 0


def _decide(options: argparse.Namespace, states: Mapping[str, LandmarkState]) -> LandmarkState:
    name, reason = options.landmark, options.reason.strip()
    if not reason or len(reason) > MOST_REASON:
        raise FarmwatchError(f"--reason: 1 to {MOST_REASON} characters, for whoever reads it later.")
    if options.act == "lift" and (name not in states or states[name].state == "lifted"):
        raise FarmwatchError(f"{name[:80]}: is not doubted. See: farmwatch landmarks quarantine list")
    if options.act == "put" and (len(name) > 64 or not name.isprintable() or ":" not in name):
        raise FarmwatchError(f"{name[:80]!r}: is no landmark's id. See: farmwatch landmarks list")
    state = "lifted" if options.act == "lift" else "quarantined"
    return decided(name, state, reason, datetime.now(UTC), actor())


def _print(document: dict[str, object]) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
