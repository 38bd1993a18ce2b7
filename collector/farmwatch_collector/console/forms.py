"""Reading what a form sends, from our own pages only.

Three things must agree: the session's cookie, which does not travel with other sites' requests (SameSite=Strict); the
Origin header; and a token that only a page made for this sign-in holds.
"""

import hmac
from urllib.parse import parse_qs

from litestar.exceptions import HTTPException, PermissionDeniedException

from .access import COOKIE, form_token
from .rendering import AnyRequest

#: A page of a hundred checked cases with the longest reason stays far below.
MOST_BYTES = 64 * 1024
_MOST_FIELDS = 500
_TYPE = "application/x-www-form-urlencoded"

Form = dict[str, list[str]]


def from_own_page(request: AnyRequest) -> None:
    """Raises PermissionDeniedException unless a page of this console sent the request."""
    if request.headers.get("origin") != f"{request.url.scheme}://{request.headers.get('host', '')}":
        raise PermissionDeniedException("This form was not sent from the console's own page.")


async def form_of(request: AnyRequest) -> Form:
    """Returns a form's fields. Raises an HTTPException for one from elsewhere, too large, or not readable."""
    from_own_page(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException("This is no form.", status_code=415)
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > MOST_BYTES:
            raise HTTPException("This form is larger than any of ours.", status_code=413)
    try:
        text = data.decode("ascii")
        form = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException("This form cannot be read.", status_code=400) from error
    expected = form_token(request.cookies.get(COOKIE, ""))
    # Compared as bytes: a token of other characters than ASCII must be refused, not break the comparison.
    given = one(form, "token").encode("utf-8", "replace")
    if not hmac.compare_digest(given, expected.encode()):
        raise PermissionDeniedException("This form is from another session. Open the page again, then send it.")
    return form


def one(form: Form, name: str) -> str:
    """Returns a field's only value; "" when it is missing."""
    return form.get(name, [""])[0]
