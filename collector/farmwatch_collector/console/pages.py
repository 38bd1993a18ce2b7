"""The console's routes for devices, signing in and out. Every page needs a session and is read from the store, and
nothing is written but the audit log. Pages work without script, and the content policy forbids any, our own for map and
graph aside.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, get_args

import msgspec
from litestar import Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException, NotAuthorizedException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from farmwatch_schema import codec
from farmwatch_schema.observables import KINDS

from ..assessment import LEVEL_WORDS, AttentionLevel
from ..clearing import clearing_of
from ..place.samples import KEPT_DAYS, days_since
from ..store.protocol import DeviceRow, SectionRow, Store
from . import views
from .access import COOKIE, SESSION_LIFE, Sessions
from .audit_page import audit_route
from .case_pages import case_routes
from .exits_view import exit_rows
from .facts import MOST_SECTIONS, Room, facts_of, never_reported
from .farm_pages import farm_routes
from .farm_view import device_farms
from .forms import from_own_page
from .place_view import place_view
from .rendering import HEADERS, ICON, STYLE, AnyRequest, document, page, problem_pages
from .vendored import Vendored
from .waterfall import waterfall

Seen = TypeVar("Seen")

ROWS = 100
LONGEST_SEARCH = 200
TIMELINE = timedelta(days=30)

_DEVICE = re.compile(r"[a-z0-9-]{1,64}\Z")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


def routes(
    store: Store,
    sessions: Sessions,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[ControllerRouterHandler]:
    """Returns the console's route handlers.

    clock  the present, for ages on pages
    """

    vendored = Vendored()

    async def ask(call: Callable[..., Seen], *values: Any) -> Seen:
        return await asyncio.to_thread(call, *values)

    async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if sessions.name(connection.cookies.get(COOKIE)) is None:
            raise NotAuthorizedException

    async def note(request: AnyRequest, action: str, subject: str) -> None:
        await ask(store.note, clock(), sessions.name(request.cookies.get(COOKIE)) or "nobody", action, subject)

    async def known(device: str) -> DeviceRow:
        row = await ask(store.device, device) if _DEVICE.match(device) else None
        if row is None:
            raise NotFoundException("No device has this id. Look for it by name in the device list.")
        return row

    @get("/", guards=[signed_in])
    async def devices(
        q: FromQuery[str] = "", level: FromQuery[str] = "none", after: FromQuery[str] = ""
    ) -> Response[str]:
        if level not in LEVEL_WORDS and level != "unjudged":
            raise HTTPException(
                f"There is no level like this; the levels are {', '.join(LEVEL_WORDS)}, unjudged.", status_code=400
            )
        if len(q) > LONGEST_SEARCH:
            raise HTTPException(f"A search has at most {LONGEST_SEARCH} characters.", status_code=400)
        search, minimum = q.strip(), _level(level)
        begin = after if _DEVICE.match(after) else ""
        rows = await ask(store.rows, "unjudged" if level == "unjudged" else minimum, ROWS + 1, search, begin)
        more, rows = len(rows) > ROWS, rows[:ROWS]
        counts = await ask(store.counts, search)
        roster = await ask(store.roster)
        ranks = list(get_args(AttentionLevel))
        wanted = [] if level == "unjudged" else ranks[ranks.index(minimum) :]
        unjudged = counts.get("unjudged", 0) if level in ("none", "unjudged") else 0
        total = sum(counts.get(each, 0) for each in wanted) + unjudged
        everything = counts if not search else await ask(store.counts)
        highest = (await ask(store.rows, "none", 1)) if not rows else []
        return page(
            "devices.html",
            now=clock(),
            lines=[views.line(row, roster.get(row.device.device)) for row in rows],
            counts=counts,
            total=total,
            known=sum(everything.values()),
            highest=highest[0] if highest else None,
            search=search,
            level=level,
            after=begin,
            following=rows[-1].device.device if more else "",
        )

    @get("/devices/{device:str}", guards=[signed_in])
    async def device(request: AnyRequest, device: FromPath[str]) -> Response[str] | Response[bytes]:
        wanted = device.removesuffix(".json")
        row = await known(wanted)
        if wanted != device:
            if row.assessment is None:
                raise NotFoundException("This device has not been judged yet. Come back after its first report.")
            await note(request, "read assessment", wanted)
            return document(codec.encode(row.assessment))
        now = clock()
        sections = await ask(store.sections, wanted)
        changes, more_changes = views.events(await ask(store.timeline, wanted, now - TIMELINE))
        reporting = await ask(store.events, wanted)
        roster = await ask(store.roster)
        await note(request, "opened device", wanted)
        named = views.named(row.assessment) if row.assessment else []
        others = [await ask(store.device, other) for other in named if _DEVICE.match(other)]
        order = {kind: place for place, kind in enumerate(KINDS)}
        sections.sort(key=lambda section: (order.get(section.kind, len(order)), section.kind))
        assessment, room = row.assessment, Room()
        place = place_view(roster.get(wanted), await ask(store.place_days, wanted, days_since(now, KEPT_DAYS).date()))
        return page(
            "device.html",
            more_headers=vendored.headers() if place.map else None,
            place=place,
            its_farms=device_farms(await ask(store.farms_of, wanted), wanted, now),
            tie_findings=[each for each in assessment.findings if each.group == "F"] if assessment else [],
            exits=exit_rows(await ask(store.egress, wanted, now)),
            map_version=vendored.version,
            now=now,
            row=row,
            line=views.line(row, roster.get(wanted)),
            assessment=assessment,
            chart=waterfall(assessment) if assessment else None,
            findings=views.explained(assessment) if assessment else [],
            clearing=clearing_of(assessment) if assessment else None,
            facts=[facts_of(section, room) for section in sections[:MOST_SECTIONS]],
            more_sections=max(0, len(sections) - MOST_SECTIONS),
            absent=never_reported(sections),
            changes=changes,
            more_changes=more_changes,
            reporting=reporting,
            days=TIMELINE.days,
            names={other.device.device: other.device.name for other in others if other is not None},
            cases=await ask(store.cases_of, wanted),
        )

    @get("/devices/{device:str}/sections/{kind:str}", guards=[signed_in])
    async def section(request: AnyRequest, device: FromPath[str], kind: FromPath[str]) -> Response[bytes]:
        await known(device)
        wanted = kind.removesuffix(".json")
        held = await ask(store.sections, device) if _KIND.match(wanted) else []
        found = next((entry for entry in held if entry.kind == wanted), None)
        if found is None or wanted == kind:
            raise NotFoundException("This device has never reported such a section. Its page lists those it has.")
        await note(request, f"read raw section {wanted}", device)
        return document(raw_section(found))

    @get("/sign-in")
    async def sign_in(request: AnyRequest, code: FromQuery[str] = "") -> Response[str]:
        secret = sessions.redeem(code)
        if secret is None:
            raise NotAuthorizedException("This link has been used, is older than ten minutes, or is not complete.")
        await ask(store.note, clock(), sessions.name(secret) or "", "signed in", "")
        answer = page("signed_in.html")
        # Strict cookies do not travel with a redirect that another site began; a refresh from our own page does.
        answer.cookies.append(
            Cookie(
                COOKIE,
                value=secret,
                path="/",
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
                max_age=int(SESSION_LIFE.total_seconds()),
            )
        )
        return answer

    @post("/sign-out", guards=[signed_in], status_code=200)
    async def sign_out(request: AnyRequest) -> Response[str]:
        from_own_page(request)
        await note(request, "signed out", "")
        sessions.close(request.cookies.get(COOKIE))
        answer = page("signed_out.html")
        answer.cookies.append(Cookie(COOKIE, value="", path="/", httponly=True, samesite="strict", max_age=0))
        return answer

    @get("/console.css")
    async def style() -> Response[bytes]:
        return Response(
            STYLE, media_type="text/css", headers={**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        )

    @get("/icon.svg")
    async def icon() -> Response[bytes]:
        return Response(ICON, media_type="image/svg+xml", headers={**HEADERS, "Cache-Control": "public, max-age=86400"})

    mine = [devices, device, section, sign_in, sign_out, style, icon, vendored.route()]
    cases, farms = case_routes(store, sessions, clock), farm_routes(store, sessions, clock, vendored)
    handlers = [*mine, *cases, *farms, audit_route(store, sessions, clock)]
    return [Router("/", route_handlers=handlers, exception_handlers=problem_pages, include_in_schema=False)]


def _level(text: str) -> AttentionLevel:
    return next((level for level in LEVEL_WORDS if level == text), "none")


class _RawSection(msgspec.Struct, frozen=True):
    kind: str
    outcome: str
    reason: str
    observed_at: datetime
    since: datetime
    digest: str
    missing: bool
    items: msgspec.Raw


def raw_section(row: SectionRow) -> bytes:
    """Returns a stored section as one JSON document, its items byte for byte as they were reported."""
    items = msgspec.Raw(row.items or b"null")
    return codec.encode(
        _RawSection(row.kind, row.outcome, row.reason, row.observed_at, row.since, row.digest, row.missing, items)
    )
