"""The console's page of the audit log: who looked at whom, and who changed what. Reading it leaves a line too."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime

from litestar import Response, get
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers import HTTPRouteHandler

from ..cases import AuditLine
from ..store.protocol import Store
from .access import COOKIE, Sessions
from .rendering import AnyRequest, page

ROWS = 100
LONGEST = 80
_LINE = re.compile(r"[1-9][0-9]{0,15}\Z")
_NUMBERED = re.compile(r"(case|farm) ([1-9][0-9]{0,15})\Z")
_DEVICE = re.compile(r"(?=[a-z0-9-]*[0-9-])[a-z0-9-]{1,64}\Z")


def audit_route(store: Store, sessions: Sessions, clock: Callable[[], datetime]) -> HTTPRouteHandler:
    """Returns the route handler; `clock` gives the time of the line that reading leaves."""

    @get("/audit")
    async def audit(request: AnyRequest) -> Response[str]:
        reader = sessions.name(request.cookies.get(COOKIE))
        if reader is None:
            raise NotAuthorizedException
        subject = str(request.query_params.get("subject", "")).strip()
        if len(subject) > LONGEST:
            raise HTTPException(f"A search has at most {LONGEST} characters.", status_code=400)
        before = str(request.query_params.get("before", ""))
        begin = int(before) if _LINE.match(before) else 0
        lines = await asyncio.to_thread(store.audit, subject, ROWS + 1, begin)
        await asyncio.to_thread(store.note, clock(), reader, "read audit log", subject)
        more, lines = len(lines) > ROWS, lines[:ROWS]
        return page(
            "audit.html",
            lines=lines,
            links=_links(lines),
            subject=subject,
            before=begin,
            following=lines[-1].id if more else 0,
        )

    return audit


def _links(lines: list[AuditLine]) -> dict[str, str]:
    """Returns the pages of what was acted on, where it is a case, a farm or looks like a device's id."""
    found: dict[str, str] = {}
    for line in lines:
        if match := _NUMBERED.match(line.subject):
            found[line.subject] = f"/{match[1]}s/{match[2]}"
        elif _DEVICE.match(line.subject):
            found[line.subject] = f"/devices/{line.subject}"
    return found
