"""The console's routes for cases: the queue, one case, and the forms that work on them. All of it without script.

The queue's state stands in its address. Every form is checked as forms.py says, names the version of the case that
the page showed, and ends with the page it came from.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotAuthorizedException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from farmwatch_schema import codec

from ..assessment import LEVEL_WORDS, Assessment, AttentionLevel
from ..cases import (
    DEFAULT_DAYS,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_DAYS,
    Case,
    CaseConflict,
    CaseError,
    CaseEvent,
    CaseState,
    Standing,
    closing,
    written,
)
from ..clearing import clearing_of
from ..expectations import NEVER, counts
from ..farms.types import Farm
from ..store.protocol import Store
from . import views
from .access import COOKIE, Sessions, form_token
from .farm_view import LABEL_WORDS, names_of, tie_rows
from .forms import Form, form_of, one
from .rendering import HEADERS, PRIVATE, AnyRequest, document, page

Seen = TypeVar("Seen")

ROWS = 100
LONGEST_SEARCH = 200
STATES: dict[str, tuple[str, tuple[CaseState, ...]]] = {
    "unclosed": ("open or waiting", ("open", "waiting")),
    "open": ("open", ("open",)),
    "waiting": ("waiting", ("waiting",)),
    "closed": ("closed", ("closed",)),
    "all": ("every state", ("open", "waiting", "closed")),
}
OWNERS = {"queue": "mine and unassigned", "mine": "mine", "nobody": "unassigned", "everybody": "everybody's"}
_NUMBER = re.compile(r"[1-9][0-9]{0,15}\Z")
_CHOSEN = re.compile(r"([1-9][0-9]{0,15})\.([1-9][0-9]{0,15})\Z")


class _Exported(msgspec.Struct, frozen=True, omit_defaults=True):
    schema: str
    case: Case
    history: list[CaseEvent]
    assessment: Assessment | None
    farm: Farm | None = None


def case_routes(store: Store, sessions: Sessions, clock: Callable[[], datetime]) -> list[ControllerRouterHandler]:
    """Returns the route handlers.

    clock  the present, for ages, dates and the log
    """

    async def ask(call: Callable[..., Seen], *values: Any, **more: Any) -> Seen:
        return await asyncio.to_thread(call, *values, **more)

    async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if sessions.name(connection.cookies.get(COOKIE)) is None:
            raise NotAuthorizedException

    def actor(request: AnyRequest) -> str:
        return sessions.name(request.cookies.get(COOKIE)) or "nobody"

    def who(request: AnyRequest) -> dict[str, Any]:
        secret = request.cookies.get(COOKIE, "")
        return {"me": sessions.person(secret), "token": form_token(secret)}

    async def known(text: str) -> Case:
        case = await ask(store.case, int(text)) if _NUMBER.match(text) else None
        if case is None:
            raise NotFoundException("No case has this number. Look for it in the queue.")
        return case

    async def act(call: Callable[..., Seen], *values: Any, **more: Any) -> Seen:
        try:
            return await ask(call, *values, **more)
        except CaseConflict as error:
            raise HTTPException(str(error), status_code=409) from error
        except CaseError as error:
            raise HTTPException(str(error), status_code=400) from error

    @get("/cases", guards=[signed_in])
    async def queue(request: AnyRequest) -> Response[str]:
        # Read here: Litestar gives another meaning to an argument named "state".
        asked = request.query_params
        state, owner = str(asked.get("state", "unclosed")), str(asked.get("owner", "queue"))
        level, after = str(asked.get("level", "none")), str(asked.get("after", ""))
        standing, search = str(asked.get("standing", "")), str(asked.get("q", "")).strip()
        known_standing = next((each for each in get_args(Standing) if each == standing), None)
        if state not in STATES or owner not in OWNERS or level not in LEVEL_WORDS or (standing and not known_standing):
            raise HTTPException("The queue has no such filter. Start again from the queue.", status_code=400)
        if len(search) > LONGEST_SEARCH:
            raise HTTPException(f"A search has at most {LONGEST_SEARCH} characters.", status_code=400)
        minimum: AttentionLevel = next(each for each in LEVEL_WORDS if each == level)
        me = sessions.person(request.cookies.get(COOKIE))
        owners = {"queue": {me, ""}, "mine": {me} if me else set[str](), "nobody": {""}, "everybody": None}[owner]
        begin = int(after) if _NUMBER.match(after) else 0
        wanted = None if owners is None else sorted(owners)
        found = await ask(store.cases, STATES[state][1], minimum, wanted, ROWS + 1, begin, known_standing, search)
        more, found = len(found) > ROWS, found[:ROWS]
        today = clock().date()
        return page(
            "cases.html",
            now=clock(),
            cases=found,
            counts=await ask(store.case_counts),
            untold=[each for each in await ask(store.notices_waiting) if each.problem],
            states=STATES,
            owners=OWNERS,
            state=state,
            owner=owner,
            level=level,
            standing=standing,
            standings=get_args(Standing),
            search=search,
            after=begin,
            following=found[-1].id if more else 0,
            filters=_filters(state, owner, level, standing, search),
            latest=today + timedelta(days=MOST_DAYS),
            usual=today + timedelta(days=DEFAULT_DAYS),
            today=today,
            longest=LONGEST_TEXT,
            **who(request),
        )

    @post("/cases", guards=[signed_in], status_code=200)
    async def several(request: AnyRequest) -> Response[Any]:
        form = await form_of(request)
        chosen = [match for text in form.get("case", []) if (match := _CHOSEN.match(text))]
        if not chosen:
            raise HTTPException("No case was checked. Check one or more in the queue.", status_code=400)
        what, now, name = one(form, "act"), clock(), actor(request)
        if what == "close":
            try:
                closing(one(form, "class"), one(form, "reason"), _until(form), now)
            except CaseError as error:
                raise HTTPException(str(error), status_code=400) from error
        elif what != "assign":
            raise HTTPException("This form asks for nothing that can be done.", status_code=400)
        refused: list[str] = []
        for match in chosen:
            number, version = int(match[1]), int(match[2])
            try:
                if what == "assign":
                    await ask(store.assign_case, number, now, name, one(form, "owner"), version=version)
                else:
                    values = (one(form, "class"), one(form, "reason"), _until(form))
                    await ask(store.close_case, number, now, name, *values, version=version)
            except CaseError as error:
                refused.append(str(error))
        back = "/cases?" + _filters(*(one(form, name) for name in ("state", "in", "level", "standing", "q")))
        if refused:
            done = len(chosen) - len(refused)
            return page("cases_refused.html", status=409, refused=refused, done=done, back=back)
        return _see_other(back)

    @get("/cases/{number:str}", guards=[signed_in])
    async def case(request: AnyRequest, number: FromPath[str]) -> Response[str] | Response[bytes]:
        found = await known(number.removesuffix(".json"))
        row = await ask(store.device, found.device) if found.device else None
        assessment = row.assessment if row else None
        farm = await ask(store.farm, found.farm) if found.farm is not None else None
        history = await ask(store.case_history, found.id)
        exported = number.endswith(".json")
        await ask(
            store.note, clock(), actor(request), "case exported" if exported else "case viewed", f"case {found.id}"
        )
        if exported:
            return document(codec.encode(_Exported("farmwatch-case-v1", found, history, assessment, farm)))
        today = clock().date()
        open_now = [each for each in assessment.findings if counts(each)] if assessment else []
        return page(
            "case.html",
            now=clock(),
            case=found,
            assessment=assessment,
            farm=farm,
            names=names_of(farm) if farm else {},
            ties=tie_rows(farm) if farm else [],
            places=LABEL_WORDS,
            clearing=clearing_of(assessment) if assessment else None,
            findings=views.explained(assessment) if assessment else [],
            explained=[each for each in open_now if each.group not in NEVER],
            never=[each for each in open_now if each.group in NEVER],
            history=history,
            latest=today + timedelta(days=MOST_DAYS),
            usual=today + timedelta(days=DEFAULT_DAYS),
            today=today,
            longest=LONGEST_TEXT,
            longest_name=LONGEST_NAME,
            **who(request),
        )

    @post("/cases/{number:str}/{what:str}", guards=[signed_in], status_code=200)
    async def work(request: AnyRequest, number: FromPath[str], what: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        found, now, name = await known(number), clock(), actor(request)
        text = one(form, "version")
        version = int(text) if _NUMBER.match(text) else 0
        if what == "assign":
            await act(store.assign_case, found.id, now, name, one(form, "owner"), version=version)
        elif what == "wait":
            await act(store.wait_case, found.id, now, name, one(form, "on"), version=version)
        elif what == "note":
            await act(store.note_case, found.id, now, name, one(form, "text"))
        elif what == "close":
            values = (one(form, "class"), one(form, "reason"), _until(form))
            place = one(form, "place") if found.kind == "farm" and values[2] else ""
            await act(store.close_case, found.id, now, name, *values, version=version, place=place)
        elif what == "reopen":
            await act(store.reopen_case, found.id, now, name, one(form, "reason"))
        else:
            raise NotFoundException("There is no such act. Go back to the case.")
        return _see_other(f"/cases/{found.id}")

    @post("/me", guards=[signed_in], status_code=200)
    async def me(request: AnyRequest) -> Response[Any]:
        form = await form_of(request)
        secret, before = request.cookies.get(COOKIE), actor(request)
        try:
            person = written(one(form, "name"), "A name", LONGEST_NAME, line=True)
        except CaseError as error:
            raise HTTPException(str(error), status_code=400) from error
        person = person.replace("(", "").replace(")", "").strip()  # a session's number in brackets is ours to say
        sessions.call(secret, person)
        await ask(store.note, clock(), before, "said who they are", "", before, actor(request))
        return _see_other("/cases")

    return [queue, several, case, work, me]


def _until(form: Form) -> str:
    """Returns the day, which the form always sends, for the classes that take one."""
    return one(form, "until") if one(form, "class") in ("sanctioned", "benign") else ""


def _filters(state: str, owner: str, level: str, standing: str, search: str) -> str:
    """Returns the queue's filters as a query, only those that there are."""
    query = {
        "state": state if state in STATES else "unclosed",
        "owner": owner if owner in OWNERS else "queue",
        "level": level if level in LEVEL_WORDS else "none",
    }
    if standing in get_args(Standing):
        query["standing"] = standing
    if search:
        query["q"] = search[:LONGEST_SEARCH]
    return urlencode(query)


def _see_other(path: str) -> Response[Any]:
    """Returns the answer after which a browser gets a page, so that loading it again sends no form twice."""
    return Response(None, status_code=303, headers={**HEADERS, **PRIVATE, "Location": path})
