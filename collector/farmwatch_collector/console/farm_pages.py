"""The console's routes for farms: the list, one farm, its graph as JSON, and an analyst's word on what ties it.

All of it is readable without script. A form is checked as forms.py says and ends with the page it came from; who looked
at which farm stands in the audit log.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotAuthorizedException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from farmwatch_detectors.placing import Spot
from farmwatch_schema import codec

from ..assessment import LEVEL_WORDS, AttentionLevel
from ..cases import DEFAULT_DAYS, LONGEST_NAME, LONGEST_TEXT, MOST_DAYS, CaseConflict, CaseError
from ..farms.source import Activity
from ..farms.types import Farm, FarmEvent, FarmState, Label, Member
from ..place.samples import DAYS, days_since
from ..store.protocol import Store
from .access import COOKIE, Sessions, form_token
from .farm_graph import graph
from .farm_joining import joining
from .farm_map import MOST_MEASURED, farm_map
from .farm_matrix import matrix
from .farm_strip import DAYS as STRIP_DAYS
from .farm_strip import strip, wanted
from .farm_view import (
    LABEL_WORDS,
    MEMBERS,
    at_least,
    bar_chart,
    closed_by,
    current,
    farm_line,
    label_rows,
    labels_of,
    member_rows,
    names_of,
    tie_rows,
    told,
)
from .forms import form_of, one
from .rendering import HEADERS, PRIVATE, AnyRequest, document, page
from .vendored import Vendored

Seen = TypeVar("Seen")

ROWS = 100
MOST_LABELS = 200
#: Values that one form speaks of.
MOST_VALUES = 60
STATES: dict[str, tuple[str, tuple[FarmState, ...]]] = {
    "open": ("open", ("open",)),
    "explained": ("explained by a place", ("explained",)),
    "ended": ("ended", ("ended",)),
    "all": ("every state", ("open", "explained", "ended")),
}
_NUMBER = re.compile(r"[1-9][0-9]{0,15}\Z")
_VALUE = re.compile(r"([a-z][a-z0-9_]{0,63})\.([0-9a-f]{1,128})\Z")


class _Exported(msgspec.Struct, frozen=True):
    schema: str
    farm: Farm
    history: list[FarmEvent]
    labels: list[Label]


def farm_routes(
    store: Store, sessions: Sessions, clock: Callable[[], datetime], vendored: Vendored
) -> list[ControllerRouterHandler]:
    """Returns the route handlers.

    clock     the present, for ages, dates and the log
    vendored  the files that map and graph are drawn with
    """

    async def ask(call: Callable[..., Seen], *values: Any) -> Seen:
        return await asyncio.to_thread(call, *values)

    async def act(call: Callable[..., Seen], *values: Any) -> Seen:
        try:
            return await ask(call, *values)
        except CaseConflict as error:
            raise HTTPException(str(error), status_code=409) from error
        except CaseError as error:
            raise HTTPException(str(error), status_code=400) from error

    async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if sessions.name(connection.cookies.get(COOKIE)) is None:
            raise NotAuthorizedException

    def actor(request: AnyRequest) -> str:
        return sessions.name(request.cookies.get(COOKIE)) or "nobody"

    def token(request: AnyRequest) -> str:
        return form_token(request.cookies.get(COOKIE, ""))

    async def known(text: str) -> Farm:
        farm = await ask(store.farm, int(text)) if _NUMBER.match(text) else None
        if farm is None:
            raise NotFoundException("No farm has this number. Look for it in the list of farms.")
        return farm

    @get("/farms", guards=[signed_in])
    async def farms(request: AnyRequest) -> Response[str]:
        # Read here: Litestar gives another meaning to an argument named "state".
        asked = request.query_params
        state, level = str(asked.get("state", "open")), str(asked.get("level", "none"))
        after = str(asked.get("after", ""))
        if state not in STATES or level not in LEVEL_WORDS:
            raise HTTPException("The list has no such filter. Start again from the farms.", status_code=400)
        minimum: AttentionLevel = next(each for each in LEVEL_WORDS if each == level)
        begin = int(after) if _NUMBER.match(after) else 0
        found = await ask(store.farms, STATES[state][1], minimum, ROWS + 1, begin)
        more, found = len(found) > ROWS, found[:ROWS]
        now = clock()
        labels = await ask(store.labels)
        return page(
            "farms.html",
            now=now,
            lines=[farm_line(each, now) for each in found],
            labels=label_rows(labels[:MOST_LABELS], now.date(), {}),
            more_labels=max(0, len(labels) - MOST_LABELS),
            states=STATES,
            state=state,
            level=level,
            after=begin,
            following=found[-1].id if more else 0,
            filters=urlencode({"state": state, "level": level}),
            longest=LONGEST_TEXT,
            token=token(request),
            back="farms",
        )

    @get("/farms/{number:str}", guards=[signed_in])
    async def farm(request: AnyRequest, number: FromPath[str]) -> Response[str] | Response[bytes]:
        found = await known(number.removesuffix(".json"))
        exported = number.endswith(".json")
        await ask(store.note, clock(), actor(request), "exported farm" if exported else "opened farm", _subject(found))
        history = await ask(store.farm_history, found.id)
        labels = labels_of(found, await ask(store.labels))
        if exported:
            return document(codec.encode(_Exported("farmwatch-farm-v1", found, history, labels)))
        asked, now = request.query_params, clock()
        rows, ties = member_rows(found), tie_rows(found)
        text = str(asked.get("members", "1"))
        shown = min(int(text) if _NUMBER.match(text) else 1, max(1, -(-len(rows) // MEMBERS)))
        day = _day(str(asked.get("day", "")), now.date())
        strip_of = None
        if at_least(found, "watch"):
            since = now.date() - timedelta(days=STRIP_DAYS - 1)
            activity: Mapping[str, Activity] = await ask(store.activity, wanted(found), since)
            strip_of = strip(found, activity, now.date(), day)
        names = names_of(found)
        places = farm_map(found, await ask(_estimates, store, current(found)[:MOST_MEASURED], now))
        drawn = (vendored.version if places.map else "") or vendored.graph
        return page(
            "farm.html",
            more_headers=vendored.headers(drawn),
            now=now,
            today=now.date(),
            line=farm_line(found, now),
            farm=found,
            closed=closed_by(found, history),
            chart=bar_chart(found),
            rows=rows[(shown - 1) * MEMBERS : shown * MEMBERS],
            total=len(rows),
            page_of_members=shown,
            pages_of_members=max(1, -(-len(rows) // MEMBERS)),
            ties=ties,
            matrix=matrix(found),
            joining=joining(found, now),
            strip=strip_of,
            day=day,
            days=[now.date() - timedelta(days=ago) for ago in range(STRIP_DAYS)],
            places=places,
            map_version=vendored.version,
            graph_version=vendored.graph,
            history=[(each, told(each.words, names)) for each in history],
            labels=label_rows(
                labels, now.date(), {(each.shared.node.seen.kind, each.value): each.words for each in ties}
            ),
            more_labels=0,
            label_words=LABEL_WORDS,
            offered=[each for each in ties if each.shared.node.nature != "trait"][:MOST_VALUES],
            usual=now.date() + timedelta(days=DEFAULT_DAYS),
            latest=now.date() + timedelta(days=MOST_DAYS),
            longest=LONGEST_TEXT,
            longest_name=LONGEST_NAME,
            token=token(request),
            back=f"farms/{found.id}",
        )

    @get("/farms/{number:str}/graph.json", guards=[signed_in])
    async def graph_of(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
        found = await known(number)
        await ask(store.note, clock(), actor(request), "read farm's graph", _subject(found))
        return document(codec.encode(await ask(graph, found)))

    @post("/farms/{number:str}/label", guards=[signed_in], status_code=200)
    async def label(request: AnyRequest, number: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        found, now, name = await known(number), clock(), actor(request)
        shared = {(each.shared.node.seen.kind, each.value) for each in tie_rows(found)}
        chosen = [(match[1], match[2]) for text in form.get("value", []) if (match := _VALUE.match(text))]
        values = [each for each in dict.fromkeys(chosen) if each in shared][:MOST_VALUES]
        if not values:
            raise HTTPException("No value was checked that this farm shares. Check one or more.", status_code=400)
        place = next((each for each in LABEL_WORDS if each == one(form, "place")), None)
        if place is None:
            raise HTTPException("A label says what the place is. Choose one of them.", status_code=400)
        until = _until(one(form, "until"))
        # A household speaks of those who live there now: who comes later is looked at anew.
        devices = tuple(each.member.device for each in current(found)) if place == "household" else ()
        for kind, value in values:
            one_label = Label(
                kind=kind,
                value=value,
                place=place,
                name=one(form, "name"),
                owner=one(form, "owner"),
                reason=one(form, "reason"),
                until=until,
                devices=devices,
                made_at=now,
                actor=name,
                farm=found.id,
            )
            await act(store.add_label, one_label, now)
        return _see_other(f"/farms/{found.id}#labels")

    @post("/labels/{number:str}/end", guards=[signed_in], status_code=200)
    async def end_label(request: AnyRequest, number: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        if not _NUMBER.match(number):
            raise NotFoundException("No label has this number. Look for it in the list of farms.")
        await act(store.end_label, int(number), clock(), actor(request), one(form, "reason"))
        back = one(form, "back")
        inside = re.fullmatch(r"farms(/[1-9][0-9]{0,15})?", back)
        return _see_other(f"/{back if inside else 'farms'}#labels")

    return [farms, farm, graph_of, label, end_label]


def _subject(farm: Farm) -> str:
    return f"farm {farm.id}"


def _estimates(store: Store, members: list[Any], now: datetime) -> dict[str, Spot]:
    """Returns where round-trip times of the last days fit best, the newest such day of each member."""
    found: dict[str, Spot] = {}
    for each in members:
        member: Member = each.member
        days = store.place_days(member.device, days_since(now, DAYS).date())
        spots = [day.verdict.estimate for day in days if day.verdict.estimate is not None]
        if spots:
            found[member.device] = spots[-1]
    return found


def _day(text: str, today: date) -> date | None:
    """Returns the day that is asked for; None for all, and for one that is not drawn."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if timedelta(0) <= today - day < timedelta(days=STRIP_DAYS) else None


def _until(text: str) -> date:
    """Returns a label's last day; how far away it may lie is the store's to say."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise HTTPException("A label ends: give its last day as YYYY-MM-DD.", status_code=400) from error


def _see_other(path: str) -> Response[Any]:
    """Returns the answer after which a browser gets a page, so that loading it again sends no form twice."""
    return Response(None, status_code=303, headers={**HEADERS, **PRIVATE, "Location": path})
