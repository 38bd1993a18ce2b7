"""Files of others that `make assets` brought, and our own script that draws with them; served from here alone.

Nothing else of the console needs a script. Where the files are not there, pages say so and show their tables.
"""

import hashlib
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from .rendering import HEADERS, HERE

STATIC = HERE / "static"
#: What may be asked for, with its type and where it lies.
FILES = {
    "leaflet.js": ("text/javascript", "vendor/leaflet.js"),
    "leaflet.css": ("text/css", "vendor/leaflet.css"),
    "outlines.json": ("application/json", "vendor/outlines.json"),
    "map.js": ("text/javascript", "map.js"),
}
#: A page with a map may run our own files and ask for outlines; nothing inline, nothing from elsewhere.
MAP_POLICY = HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'"
_CACHE = {"Cache-Control": "public, max-age=31536000, immutable"}


class Vendored:
    """The files as they lay there when the console began.

    version  changes with any of them; "" when one is missing, and then there is no map
    """

    def __init__(self, folder: Path = STATIC) -> None:
        held = {name: _read(folder / place) for name, (_, place) in FILES.items()}
        self._files = {name: content for name, content in held.items() if content is not None}
        whole = len(self._files) == len(FILES)
        digest = hashlib.sha256(b"\0".join(self._files[name] for name in sorted(self._files)))
        self.version = digest.hexdigest()[:12] if whole else ""

    def route(self) -> HTTPRouteHandler:
        """Returns the handler of `/static/{name}`: these files and no others."""

        @get("/static/{name:str}")
        async def vendored(name: FromPath[str]) -> Response[bytes]:
            content = self._files.get(name)
            if content is None:
                raise NotFoundException("There is no such file here. `make assets` brings those of the map.")
            return Response(content, media_type=FILES[name][0], headers={**HEADERS, **_CACHE})

        return vendored

    def headers(self) -> dict[str, Any]:
        """Returns what a page with a map is sent with beyond other pages' headers."""
        return {"Content-Security-Policy": MAP_POLICY} if self.version else {}


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
