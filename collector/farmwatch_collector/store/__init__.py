"""The only part that speaks SQL, behind one protocol. `open_store` chooses by URL."""

import os

from farmwatch_schema.errors import FarmwatchError

from .protocol import Store

__all__ = ["Store", "StoreUrlError", "open_store"]


class StoreUrlError(FarmwatchError):
    """An address that names no store that there is; str() names those that exist."""


def open_store(url: str, make: bool = True, people: bool = False) -> Store:
    """Returns the store at `sqlite:///PATH` (four slashes for an absolute path), made and brought up to date.

    make    False for those who only look: a store that is not there is an error then, not an empty one
    people  True for `farmwatch roster` alone: gives the right to personal facts, which nobody else has

    Raises StoreUrlError for another scheme, and StoreError when the file cannot be used.
    """
    scheme, mark, path = url.partition(":///")
    if scheme != "sqlite" or not mark or not path or path == ":memory:":
        raise StoreUrlError(f"--store {url!r} names no store. There is one kind so far: sqlite:///PATH/farmwatch.db.")
    if not make and not os.path.exists(path):
        raise StoreUrlError(f"{path}: no collector has stored anything there. Name its folder with --data.")
    from .sqlite import SqliteStore  # noqa: PLC0415  # SQLAlchemy is loaded only by those who open a store

    return SqliteStore(path, people)
