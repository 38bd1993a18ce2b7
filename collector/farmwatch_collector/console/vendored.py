"""Files of others that `make assets` brought, and our own scripts that draw with them; served from here alone.

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
#: What a map needs, with its type and where it lies.
MAP_FILES = {
    "leaflet.js": ("text/javascript", "vendor/leaflet.js"),
    "leaflet.css": ("text/css", "vendor/leaflet.css"),
    "outlines.json": ("application/json", "vendor/outlines.json"),
    "map.js": ("text/javascript", "map.js"),
}
#: And a graph.
GRAPH_FILES = {
    "cytoscape.js": ("text/javascript", "vendor/cytoscape.js"),
    "graph.js": ("text/javascript", "graph.js"),
}
FILES = {**MAP_FILES, **GRAPH_FILES}
#: A page with a map or graph may run our own files and ask for its data; nothing inline, nothing from elsewhere.
DRAWN_POLICY = HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'"
_CACHE = {"Cache-Control": "public, max-age=31536000, immutable"}


class Vendored:
    """The files as they lay there when the console began.

    version  changes with any of the map's; "" when one is missing, and then there is no map
    graph    the same of the graph's
    """

    def __init__(self, folder: Path = STATIC) -> None:
        held = {name: _read(folder / place) for name, (_, place) in FILES.items()}
        self._files = {name: content for name, content in held.items() if content is not None}
        self.version = self._version(MAP_FILES)
        self.graph = self._version(GRAPH_FILES)

    def _version(self, names: dict[str, tuple[str, str]]) -> str:
        if not names.keys() <= self._files.keys():
            return ""
        return hashlib.sha256(b"\0".join(self._files[name] for name in sorted(names))).hexdigest()[:12]

    def route(self) -> HTTPRouteHandler:
        """Returns the handler of `/static/{name}`: these files and no others."""

        @get("/static/{name:str}")
        async def vendored(name: FromPath[str]) -> Response[bytes]:
            content = self._files.get(name)
            if content is None:
                raise NotFoundException("There is no such file here. `make assets` brings those of map and graph.")
            return Response(content, media_type=FILES[name][0], headers={**HEADERS, **_CACHE})

        return vendored

    def headers(self, version: str | None = None) -> dict[str, Any]:
        """Returns what a page with something drawn is sent with beyond other pages' headers.

        version  of what is drawn, "" for nothing; the map's when left out
        """
        return {"Content-Security-Policy": DRAWN_POLICY} if (self.version if version is None else version) else {}


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
