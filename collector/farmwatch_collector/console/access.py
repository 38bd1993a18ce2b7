"""Who may see the console: one-time sign-in links and the sessions they open.

Both live in memory only, as SHA-256 digests: a restart signs everybody out, and a copy of the process's
memory or of the data folder opens nothing. Accounts and roles replace the links, not the sessions.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

COOKIE = "farmwatch_session"
LINK_LIFE = timedelta(minutes=10)
SESSION_LIFE = timedelta(hours=12)
#: Links and sessions kept at a time; the oldest give way, so that neither can fill the memory.
MOST = 256


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def form_token(secret: str) -> str:
    """Returns what forms of this sign-in hold: it tells nothing of the secret, and no other site can know it."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"farmwatch form", hashlib.sha256).hexdigest()


class Sessions:
    """Sign-in links that work once within ten minutes, and sessions of at most twelve hours."""

    def __init__(self, clock: Callable[[], datetime] = _utc_now) -> None:
        self._clock = clock
        self._links: dict[bytes, datetime] = {}
        self._sessions: dict[bytes, datetime] = {}
        self._people: dict[bytes, str] = {}

    def new_link(self, base_url: str) -> str:
        """Returns a link under `base_url` that signs one browser in, once, within `LINK_LIFE`."""
        code = secrets.token_urlsafe(32)
        _keep(self._links, _digest(code), self._clock() + LINK_LIFE)
        return f"{base_url.rstrip('/')}/sign-in?{urlencode({'code': code})}"

    def redeem(self, code: str) -> str | None:
        """Uses a link's code up and returns the new session's secret; None when the code holds no more."""
        given = _digest(code)
        found = None
        # Every link is compared, in constant time each, so that the answer's time tells nothing.
        for known in self._links:
            if hmac.compare_digest(known, given):
                found = known
        if found is None or self._links.pop(found) <= self._clock():
            return None
        secret = secrets.token_urlsafe(32)
        _keep(self._sessions, _digest(secret), self._clock() + SESSION_LIFE)
        self._people = {digest: name for digest, name in self._people.items() if digest in self._sessions}
        return secret

    def name(self, secret: str | None) -> str | None:
        """Returns a session's name for the audit log, which opens nothing; None when nobody is signed in."""
        if not secret:
            return None
        digest = _digest(secret)
        ends = self._sessions.get(digest)
        if ends is None:
            return None
        if ends <= self._clock():
            del self._sessions[digest]
            return None
        session, person = f"session-{digest.hex()[:8]}", self._people.get(digest)
        return f"{person} ({session})" if person else session

    def person(self, secret: str | None) -> str:
        """Returns how a session's person calls themselves; "" when they have not said so."""
        return self._people.get(_digest(secret), "") if self.name(secret) and secret else ""

    def call(self, secret: str | None, person: str) -> None:
        """Takes a person's own word for who they are, for the owner of cases and the audit log."""
        if secret and self.name(secret):
            self._people[_digest(secret)] = person

    def close(self, secret: str | None) -> None:
        """Ends a session; an unknown one is no error."""
        if secret:
            self._sessions.pop(_digest(secret), None)
            self._people.pop(_digest(secret), None)


def _keep(table: dict[bytes, datetime], digest: bytes, ends: datetime) -> None:
    while len(table) >= MOST:
        del table[next(iter(table))]
    table[digest] = ends
