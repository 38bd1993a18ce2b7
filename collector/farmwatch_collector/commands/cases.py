"""`farmwatch cases`: the queue and its acts, on the store. Each act leaves an audit line, looking at a case too."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

import msgspec

from ..acting import actor
from ..assessment import LEVEL_WORDS, Assessment
from ..cases import CLOSE_WORDS, DEFAULT_DAYS, MOST_DAYS, Case, CaseError, CaseEvent, CaseState, CloseClass, Standing
from ..drawn import drawn
from ..farms.types import Farm, LabelKind
from ..store import Store, open_store
from .serve import data_options, store_url

HELP = "what is flagged: list, assign, note, close"
SCHEMA = "farmwatch-cases-v1"
NOBODY = "nobody"
STATES: dict[str, tuple[CaseState, ...]] = {
    "unclosed": ("open", "waiting"),
    "open": ("open",),
    "waiting": ("waiting",),
    "closed": ("closed",),
    "all": ("open", "waiting", "closed"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the acts with their options."""
    parser.epilog = (
        "Examples:  farmwatch cases list --level urgent   farmwatch cases show 12   "
        "farmwatch cases close 12 --class sanctioned --reason 'KVM of the test lab' --until 2027-01-31"
    )
    acts = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def act(name: str, words: str, *, numbered: bool = True) -> argparse.ArgumentParser:
        one = acts.add_parser(name, help=words, description=words)
        one.as_json = getattr(parser, "as_json", False)  # type: ignore[attr-defined]
        if numbered:
            one.add_argument("case", type=int, metavar="ID", help="the case's number")
        one.add_argument("--json", action="store_true", help="one JSON document on stdout")
        data_options(one)
        return one

    listing = act("list", "cases by points, highest first", numbered=False)
    listing.add_argument("--state", choices=list(STATES), default="unclosed", help="open and waiting ones, or these")
    listing.add_argument("--level", choices=list(LEVEL_WORDS), default="none", help="this level and above")
    listing.add_argument("--standing", choices=get_args(Standing), help="of those not closed; else every one")
    listing.add_argument("--search", default="", metavar="TEXT", help="in the device's id, name, person or site")
    listing.add_argument("--owner", action="append", metavar="NAME", help=f"whose; {NOBODY}: unassigned; repeatable")
    listing.add_argument("--limit", type=int, default=100, help="at most so many rows (100)")
    listing.add_argument("--after", type=int, default=0, metavar="ID", help="goes on after this case")
    act("show", "one case: why, what was found, its history")
    assign = act("assign", "gives a case to somebody")
    assign.add_argument("owner", help=f"who works on it; {NOBODY} takes it away")
    note = act("note", "adds a note")
    note.add_argument("text", help="what to remember")
    wait = act("wait", "marks a case as waiting")
    wait.add_argument("--on", required=True, metavar="WHOM", help=f"on whom; {NOBODY} ends the wait")
    close = act("close", "closes a case with its class and a reason")
    close.add_argument("--class", dest="closed_as", choices=get_args(CloseClass), required=True, help="what it was")
    close.add_argument("--reason", required=True, help="why, for whoever reads it later")
    close.add_argument(
        "--until",
        default="",
        metavar="DAY",
        help=f"last day on which a sanctioned or benign close holds, at most {MOST_DAYS} ({DEFAULT_DAYS} days)",
    )
    close.add_argument(
        "--place",
        choices=get_args(LabelKind),
        default="",
        help="what place a farm is, for a sanctioned (office) or benign (household) close",
    )
    reopen = act("reopen", "takes a close back, with what it expected")
    reopen.add_argument("--reason", required=True, help="why")
    audit = act("audit", "who did what, newest first", numbered=False)
    audit.add_argument("--case", type=int, default=0, metavar="ID", help="about one case only")
    audit.add_argument("--limit", type=int, default=100, help="at most so many lines (100)")
    audit.add_argument("--before", type=int, default=0, metavar="LINE", help="goes on before this line's id")


def run(options: argparse.Namespace) -> int:
    """Does one act and prints its answer; 0 then. Errors are raised with what to do."""
    store = open_store(store_url(options), make=False)
    try:
        items, text = _ACTS[options.action](_Call(store, options, datetime.now(UTC), actor()))
    finally:
        store.close()
    if options.json:
        document = {"schema": SCHEMA, "ok": True, "code": 0, "items": items}
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        print(text)
    return 0


Answer = tuple[list[object], str]


class _Call(msgspec.Struct, frozen=True):
    """One act: on what, as asked, when and by whom."""

    store: Store
    options: argparse.Namespace
    now: datetime
    actor: str


def _list(call: _Call) -> Answer:
    owners = None if call.options.owner is None else [_owner(name) for name in call.options.owner]
    found = call.store.cases(
        STATES[call.options.state],
        call.options.level,
        owners,
        max(1, call.options.limit),
        call.options.after,
        call.options.standing,
        call.options.search.strip(),
    )
    lines = [f"{'id':>5}  {'points':>6}  {'level':13} {'standing':10} {'state':8} {'owner':16} {'device':24} groups"]
    lines += [_line(case) for case in found]
    if not found:
        lines.append("no such case; every one there is: farmwatch cases list --state all")
    return [_record(case) for case in found], "\n".join(lines)


def _line(case: Case) -> str:
    points = case.points if case.points_now is None else case.points_now
    standing = "" if case.state == "closed" else case.standing
    state = CLOSE_WORDS[case.closed_as] if case.closed_as else case.state
    name = drawn(case.name or case.device)[:24]
    return (
        f"{case.id:5}  {points:6}  {LEVEL_WORDS[case.level]:13} {standing:10} {state:8} "
        f"{drawn(case.owner or '-')[:16]:16} {name:24} {' '.join(case.groups)}"
    )


def _record(case: Case) -> dict[str, object]:
    kept: dict[str, object] = msgspec.to_builtins(case)
    for inner in ("rest", "fell", "low_since", "evidence"):
        kept.pop(inner)
    return kept


def _known(store: Store, number: int) -> Case:
    case = store.case(number)
    if case is None:
        raise CaseError(f"There is no case {number}. List them: farmwatch cases list.")
    return case


def _show(call: _Call) -> Answer:
    case = _known(call.store, call.options.case)
    call.store.note(call.now, call.actor, "case viewed", f"case {case.id}")
    history = call.store.case_history(case.id)
    if case.farm is not None:
        farm = call.store.farm(case.farm)
        return [{**_record(case), "history": history, "of": farm}], "\n".join(_page(case, history, farm=farm))
    row = call.store.device(case.device)
    assessment = row.assessment if row else None
    record = {**_record(case), "history": history, "assessment": assessment}
    return [record], "\n".join(_page(case, history, assessment))


def _page(
    case: Case, history: list[CaseEvent], assessment: Assessment | None = None, farm: Farm | None = None
) -> list[str]:
    stands = case.state if case.state == "closed" else f"{case.state}, {case.standing}"
    about = f"{len(case.members)} laptops" if case.kind == "farm" else case.device
    lines = [
        f"case {case.id}: {drawn(case.name or case.device)} ({about})",
        f"{stands}; {LEVEL_WORDS[case.level]}, {case.points} points at its opening or last growth"
        + (f", {case.points_now} now" if case.points_now is not None else ""),
        f"owner {drawn(case.owner) or NOBODY}" + (f", waiting on {drawn(case.waiting_on)}" if case.waiting_on else ""),
    ]
    if case.previous:
        lines.append(f"returned from case {case.previous}")
    if case.closed_as and case.closed_at:
        end = f", expected until {case.until:%Y-%m-%d %H:%M} UTC" if case.until else ""
        lines.append(
            f"closed {case.closed_at:%Y-%m-%d %H:%M} as {CLOSE_WORDS[case.closed_as]}{end}: {drawn(case.reason)}"
        )
    sentence = assessment.sentence if assessment else farm.odds.sentence if farm else case.sentence
    lines += ["", drawn(sentence or case.sentence), ""]
    lines += _of_farm(farm) if farm else []
    for finding in assessment.findings if assessment else ():
        mark = f" [{drawn(finding.sanctioned)}]" if finding.sanctioned else ""
        lines.append(f"{finding.group} {finding.level}  {drawn(finding.sentence)}{mark}")
    lines.append("")
    for event in history:
        words = drawn(event.words, "\n").replace("\n", "\n    ")
        lines.append(f"{event.at:%Y-%m-%d %H:%M}  {drawn(event.actor)} {event.action} {words}")
    return lines


def _of_farm(farm: Farm) -> list[str]:
    """What adds up to the farm's odds, and who belongs to it."""
    lines = [f"{bar.bits:+6.1f}  {drawn(bar.label)}" for bar in farm.odds.bars]
    for each in farm.members:
        left = f", left {each.left_at:%Y-%m-%d}" if each.left_at else ""
        member = each.member
        lines.append(f"{drawn(member.name or member.device)} ({member.device}){left}: {drawn(member.why)}")
    return lines


def _assign(call: _Call) -> Answer:
    call.store.assign_case(call.options.case, call.now, call.actor, _owner(call.options.owner))
    return _done(
        call.store, call.options.case, f"is {call.options.owner}'s" if _owner(call.options.owner) else "is nobody's"
    )


def _note(call: _Call) -> Answer:
    call.store.note_case(call.options.case, call.now, call.actor, call.options.text)
    return _done(call.store, call.options.case, "has a note more")


def _wait(call: _Call) -> Answer:
    on = _owner(call.options.on)
    call.store.wait_case(call.options.case, call.now, call.actor, on)
    return _done(call.store, call.options.case, f"waits on {on}" if on else "waits no more")


def _close(call: _Call) -> Answer:
    asked = call.options
    how = call.store.close_case(
        asked.case, call.now, call.actor, asked.closed_as, asked.reason, asked.until, place=asked.place
    )
    end = f"; what counts now is expected until {how.until:%Y-%m-%d %H:%M} UTC" if how.until else ""
    return _done(call.store, call.options.case, f"is closed as {CLOSE_WORDS[how.closed_as]}{end}")


def _reopen(call: _Call) -> Answer:
    call.store.reopen_case(call.options.case, call.now, call.actor, call.options.reason)
    return _done(call.store, call.options.case, "is open again; nothing of its close is expected any more")


def _audit(call: _Call) -> Answer:
    subject = f"case {call.options.case}" if call.options.case else ""
    lines = call.store.audit(subject, max(1, call.options.limit), call.options.before)
    call.store.note(call.now, call.actor, "exported audit log" if call.options.json else "read audit log", subject)
    text = [f"{'line':>6}  {'when (UTC)':16}  who, what, before, after"]
    for line in lines:
        change = f": {drawn(line.before) or '-'} -> {drawn(line.after) or '-'}" if line.before or line.after else ""
        words = f"{drawn(line.actor)}  {drawn(line.action)} {drawn(line.subject)}".rstrip() + change
        text.append(f"{line.id:6}  {line.at:%Y-%m-%d %H:%M}  {words}")
    return list(lines), "\n".join(text)


def _done(store: Store, number: int, words: str) -> Answer:
    return [_record(_known(store, number))], f"case {number} {drawn(words)}"


def _owner(name: str) -> str:
    return "" if name.strip().lower() == NOBODY else name


_ACTS: dict[str, Callable[[_Call], Answer]] = {
    "list": _list,
    "show": _show,
    "assign": _assign,
    "note": _note,
    "wait": _wait,
    "close": _close,
    "reopen": _reopen,
    "audit": _audit,
}
