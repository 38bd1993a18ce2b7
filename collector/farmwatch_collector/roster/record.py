"""A person's facts, as HR's file states them, and the small languages of the cells that hold several.

`previous_addresses`   2026-10-30: 12 Example Road, Springfield | 2019-04: 5 Old Street
`education`, `work`    2008-09/2012-06 degree | 2014/2015 part-time | 2016-03/
Each part is apart by `|`. A day before an address is the day on which the person moved away from it. Times are a year,
a month or a day; an open end goes on. Words that say nothing here (names of schools and employers) are not kept.
"""

import calendar
import re
from datetime import date
from functools import lru_cache

import msgspec

_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z")
_SPELL = re.compile(
    r"(?P<start>\d{4}[-\d]*)\s*/\s*(?P<end>\d{4}[-\d]*|now|today|present|)(?:\s+(?P<words>.*))?\Z", re.S
)
_MOVED = re.compile(r"(?P<day>\d{4}[-\d]*)\s*:\s*(?P<text>\S.*)\Z", re.S)
_DEGREE_ON = re.compile(r"\bdegree\s+(\d{4}[-\d]*)")
#: Work that leaves room for other work beside it.
_BESIDE = re.compile(
    r"\b(part[- ]?time|intern(ship)?|freelanc\w*|self[- ]?employed|contract(or|ing)?|volunt\w*|board|mini[- ]?job)\b",
    re.I,
)
YEARS = range(1940, 2100)


class CellError(ValueError):
    """A cell that was not understood: the `problem` without its value, and the `remedy`."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}")


class When(msgspec.Struct, frozen=True, order=True, gc=False):
    """A day, month or year: the first and the last day that it may be."""

    first: date
    last: date


class Spell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A time of studies or work.

    end        None while it goes on
    degree     when the degree was given, where that is said
    full_time  fills a working week; studies do not count
    """

    start: When
    end: When | None = None
    degree: When | None = None
    full_time: bool = True


class Moved(msgspec.Struct, frozen=True, gc=False):
    """An address that was left, and when."""

    away: When
    text: str


class PersonRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is kept apart of one person, in `person_record`.

    bank      keyed digest of the account; the account itself is never kept
    answered  kinds of question that HR asked and has an answer to
    """

    person: str
    phone: str = ""
    address: str = ""
    previous: tuple[Moved, ...] = ()
    bank: str = ""
    education: tuple[Spell, ...] = ()
    work: tuple[Spell, ...] = ()
    answered: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to keep."""
        return self == PersonRecord(person=self.person)


@lru_cache(maxsize=8192)  # people share their years and months: 100,000 rows hold a few thousand of them
def when(text: str) -> When:
    """Returns what 2008, 2008-09 or 2008-09-15 may be; raises CellError."""
    match = _DAY.match(text)
    remedy = "Write a year, month or day, like 2008, 2008-09 or 2008-09-15."
    if match is None or int(match[1]) not in YEARS:
        raise CellError("holds a time that is none.", remedy)
    year, month, day = (None if part is None else int(part) for part in match.groups())
    assert year is not None
    try:
        if month is None:
            return When(date(year, 1, 1), date(year, 12, 31))
        if day is None:
            return When(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
        return When(date(year, month, day), date(year, month, day))
    except (ValueError, calendar.IllegalMonthError) as error:
        raise CellError("holds a day that no calendar has.", remedy) from error


@lru_cache(maxsize=4096)
def spells(text: str) -> tuple[Spell, ...]:
    """Returns the times that a cell of `education` or `work` lists; raises CellError."""
    found: list[Spell] = []
    for part in filter(None, (each.strip() for each in text.split("|"))):
        match = _SPELL.match(part)
        if match is None:
            remedy = 'Write "2008-09/2012-06 degree | 2014/2015 part-time | 2016-03/", apart by |.'
            raise CellError("holds a part that does not begin with two times.", remedy)
        words = match["words"] or ""
        given = _DEGREE_ON.search(words)
        found.append(
            Spell(
                start=when(match["start"]),
                end=when(match["end"]) if match["end"][:1].isdigit() else None,
                degree=when(given[1]) if given else None,
                full_time=not _BESIDE.search(words),
            )
        )
    return tuple(found)


def addresses(text: str) -> tuple[Moved, ...]:
    """Returns the addresses that a cell of `previous_addresses` lists; raises CellError."""
    found: list[Moved] = []
    for part in filter(None, (each.strip() for each in text.split("|"))):
        match = _MOVED.match(part)
        if match is None:
            remedy = 'Write "2026-10-30: 12 Example Road, Springfield", the day of moving away first, apart by |.'
            raise CellError("holds a part that does not begin with a day and a colon.", remedy)
        found.append(Moved(when(match["day"]), match["text"].strip()))
    return tuple(found)
