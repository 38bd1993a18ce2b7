"""The console: pages for analysts, made on the server, never without a session. Nothing but cases is changed here.

`routes(store, sessions)` returns what the application mounts, `problem_pages` what it hands to Litestar as
`exception_handlers`, and `Sessions.new_link(base_url)` makes the link that signs one browser in.
"""

from .access import Sessions
from .pages import routes
from .rendering import problem_pages

__all__ = ["Sessions", "problem_pages", "routes"]
