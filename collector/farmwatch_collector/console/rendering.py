"""How pages are made: templates, headers, and the page for what cannot be served."""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from farmwatch_schema.finding import GROUPS

from ..assessment import LEVEL_WORDS
from ..cases import CLOSE_WORDS
from ..drawn import drawn
from ..farms.sentence import share_words
from ..score_words import probability_words
from . import exits_view, farm_view, place_view, views, words

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

HERE = Path(__file__).parent
#: One stylesheet in parts, in the order in which later rules win: what is narrow, printed or in contrast comes last.
SHEETS = ("console.css", "farms.css", "cases.css", "media.css")
STYLE = b"".join((HERE / "static" / name).read_bytes() for name in SHEETS)
ICON = (HERE / "static" / "icon.svg").read_bytes()
#: Changes with the file, so that browsers may keep it for a year.
STYLE_VERSION = hashlib.sha256(STYLE).hexdigest()[:12]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # `no-referrer` would also take the Origin header from our own forms, which sign-out checks.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
#: Pages hold personal facts: no copy of them stays in a browser's or a proxy's store.
PRIVATE = {"Cache-Control": "no-store"}

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    age=words.age,
    because=words.because,
    moment=words.moment,
    number=words.number,
    odds=probability_words,
    one_in=share_words,
    plain=words.plain,
    share=words.share,
    share_short=words.share_short,
    shown=words.shown,
    skew=words.skew,
    visible=words.visible,
    words=words.title,
)
_templates.globals.update(
    CLOSE_WORDS=CLOSE_WORDS,
    EVENT_WORDS=views.EVENT_WORDS,
    EXIT_WORDS=exits_view.KIND_WORDS,
    FARM_STATES=farm_view.STATE_WORDS,
    FARTHEST_KM=place_view.FARTHEST_KM,
    GROUPS=GROUPS,
    LEVEL_WORDS=LEVEL_WORDS,
    PLACE_RULES=place_view.RULES,
    PLACE_SIGNS=place_view.SIGNS,
    PLACE_TONES=place_view.TONES,
    PLACE_WHY=place_view.WHY_NOT,
    PLACE_WORDS=place_view.WORDS,
    linked=views.linked,
    ratio=words.ratio,
    style_version=STYLE_VERSION,
)


def page(
    template: str, status: int = 200, more_headers: Mapping[str, str] | None = None, **values: Any
) -> Response[str]:
    """Returns a page made from a template, with the console's headers; `more_headers` replace some of them."""
    return Response(
        _templates.get_template(template).render(**values),
        status_code=status,
        media_type=MediaType.HTML,
        headers={**HEADERS, **PRIVATE, **(more_headers or {})},
    )


def document(content: bytes) -> Response[bytes]:
    """Returns a JSON document with the console's headers."""
    return Response(content, media_type=MediaType.JSON, headers={**HEADERS, **PRIVATE})


_PROBLEMS = {
    400: ("This address cannot be read", "Start again from the device list."),
    401: ("You are not signed in", ""),
    403: ("This is not allowed", "Go back to the console's own page and try again there."),
    404: ("There is no such page", "Start again from the device list."),
    409: ("This case has changed meanwhile", "Open it again from the queue, and look at what is new."),
    413: ("This is too large", "Start again from the console's own page."),
    415: ("This cannot be read", "Start again from the console's own page."),
    405: ("This address takes no such request", "Start again from the device list."),
}


def _problem(request: AnyRequest, error: Exception) -> Response[str]:
    """Returns the page for a request that cannot be served: what, why, and what to do next."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status >= 500:
        log.error("page failed: %s", drawn(request.url.path), exc_info=error)
        title, remedy, detail = "The console failed on this page", "", ""
    else:
        title, remedy = _PROBLEMS.get(status, ("This request cannot be served", "Start again from the device list."))
        # Litestar's own details repeat the address; only sentences of ours are shown.
        detail = error.detail if isinstance(error, HTTPException) and error.detail.endswith(".") else ""
    answer = page("problem.html", status=status, status_code=status, title=title, remedy=remedy, detail=detail)
    if isinstance(error, HTTPException) and error.headers:
        answer.headers.update({name: value for name, value in error.headers.items() if name.lower() == "allow"})
    return answer


#: For Litestar's `exception_handlers`: unknown addresses and wrong methods get the console's pages too.
problem_pages: ExceptionHandlersMap = {HTTPException: _problem, Exception: _problem}
