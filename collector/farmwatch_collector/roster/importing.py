"""What an import would change, and the import: roster and personal facts in one transaction, or none of it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from ..store import Store
from .reading import Row
from .record import PersonRecord
from .serials import PREFIX

#: So many are named one by one; of the rest the count is said.
NAMED = 20


class Waiting(msgspec.Struct, frozen=True):
    """A laptop of the file that no enrolled device is yet: no error, the row waits for it."""

    line: int
    person: str
    by: str


class Doubled(msgspec.Struct, frozen=True):
    """A laptop that several devices say to be: one that was set up anew, or a copied identity."""

    line: int
    person: str
    devices: tuple[str, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would change, or did.

    people     added, changed, removed, same: how many; `names` holds the first of each
    facts      new, changed, dropped: of how many people, whatever they are
    cohorts    with how many laptops: a name that the policy does not have is seen here
    places     each claimed place as it was understood, with how many laptops
    waiting    laptops that have not enrolled; `waits` counts them all
    doubled    serials that several devices report
    questions  of each kind, of how many people; `asked` people have any
    """

    rows: int
    people: dict[str, int]
    names: dict[str, list[str]]
    facts: dict[str, int]
    cohorts: dict[str, int]
    places: dict[str, int]
    waits: int
    waiting: list[Waiting]
    doubled: list[Doubled]
    questions: dict[str, int]
    asked: int


def records_of(rows: Sequence[Row]) -> dict[str, PersonRecord]:
    """Returns the personal facts of each person who has any."""
    return {row.record.person: row.record for row in rows if not row.record.empty}


def preview(rows: Sequence[Row], store: Store | None) -> Preview:
    """Returns what importing these rows into a store would change; None is a store that is still to be made."""
    serials = store.serials() if store else []
    devices = {each.device for each in store.devices()} if store else set[str]()
    kept = store.record_digests() if store else {}
    names = _people(rows, store)
    records = records_of(rows)
    new = [person for person in records if person not in kept]
    digest = store.record_digest if store else None
    changed = [person for person in records if digest and person in kept and kept[person] != digest(records[person])]
    named = {row.entry.person for row in rows}
    waiting = _waiting(rows, devices, {key for _, key in serials})
    questions = {row.entry.person: row.entry.questions for row in rows if row.entry.questions}
    return Preview(
        rows=len(rows),
        people={how: len(people) for how, people in names.items()},
        names={how: people[:NAMED] for how, people in names.items() if how != "same"},
        facts={
            "new": len(new),
            "changed": len(changed),
            "dropped": sum(person in named and person not in records for person in kept),
        },
        cohorts=dict(Counter(row.entry.cohort for row in rows if row.entry.cohort).most_common()),
        places=dict(Counter(row.entry.claim.place for row in rows if row.entry.claim).most_common()),
        waits=len(waiting),
        waiting=waiting[:NAMED],
        doubled=_doubled(rows, serials),
        questions=dict(Counter(each.kind for asked in questions.values() for each in asked).most_common()),
        asked=len(questions),
    )


def take(rows: Sequence[Row], store: Store, at: datetime, actor: str) -> None:
    """Imports the rows: all of them, or none when anything fails."""
    store.import_roster({row.key: row.entry for row in rows}, records_of(rows).values(), at, actor)


def _people(rows: Sequence[Row], store: Store | None) -> dict[str, list[str]]:
    before = store.roster_digests() if store else {}
    after = {row.key: row.entry for row in rows}
    differing = {
        key
        for key in before.keys() | after.keys()
        if store is None or key not in before or key not in after or before[key][1] != store.entry_digest(after[key])
    }
    touched = {before[key][0] for key in differing if key in before}
    touched |= {after[key].person for key in differing if key in after}
    old = dict.fromkeys(person for person, _ in before.values())
    new = dict.fromkeys(entry.person for entry in after.values())
    return {
        "added": [person for person in new if person not in old],
        "changed": [person for person in new if person in old and person in touched],
        "removed": [person for person in old if person not in new],
        "same": [person for person in new if person in old and person not in touched],
    }


def _waiting(rows: Sequence[Row], devices: set[str], borne: set[str]) -> list[Waiting]:
    return [
        Waiting(row.line, row.entry.person, "serial" if row.key.startswith(PREFIX) else "device id")
        for row in rows
        if row.key not in devices and row.key not in borne
    ]


def _doubled(rows: Sequence[Row], serials: Sequence[tuple[str, str]]) -> list[Doubled]:
    bearers: dict[str, list[str]] = defaultdict(list)
    for device, key in serials:
        bearers[key].append(device)
    several = {key: tuple(found) for key, found in bearers.items() if len(found) > 1}
    return [Doubled(row.line, row.entry.person, several[row.key]) for row in rows if row.key in several]
