"""Times as the tables hold them: whole microseconds since 1970 in UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Returns a moment in microseconds; one without a zone is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)
def moment(at: int) -> datetime:
    """Returns microseconds as a moment in UTC."""
    return _EPOCH + timedelta(microseconds=at)


@lru_cache(maxsize=4096)
def micros_of(text: str) -> int:
    """Returns an ISO 8601 text in microseconds; one without a zone is taken as UTC. Raises ValueError."""
    return micros(datetime.fromisoformat(text))
