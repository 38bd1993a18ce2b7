"""Bounds on what one section may hold, so that nobody silences an agent by making its reports too large."""

from collections.abc import Iterable, Iterator

from farmwatch_schema.observables import Gap, Observable, bucket

#: The longest path that travels: PATH_MAX is 4,096, and no packaged program's is a tenth of that.
MAX_PATH = 400


def at_most(items: Iterable[Observable], limit: int, what: str) -> Iterator[Observable]:
    """Yields the first `limit` observables, then how many more of `what` there are, as a gap."""
    more = 0
    for position, item in enumerate(items):
        if position < limit:
            yield item
        else:
            more += 1
    if more:
        yield Gap(what=f"further {what}", outcome="not_supported", count=bucket(more))


def short(path: str) -> str:
    """Returns a path with its middle left out when it is longer than `MAX_PATH`; its end, the name, stays."""
    if len(path) <= MAX_PATH:
        return path
    half = MAX_PATH // 2
    return f"{path[:half]}...{path[-half:]}"
