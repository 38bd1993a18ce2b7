"""From a person's facts to questions that HR should ask. Questions, never verdicts: each has its innocent reading.

Looked at are numbers, dates, distances and equality. Never a name, a language, an origin, an age, or how something is
written: those are not even read (columns.py), and a number from abroad is asked about but weighs nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta

import msgspec

from farmwatch_detectors.policy import Claim, RecordQuestion, RosterEntry

from ..fleet import NO_SITE
from ..place.geocoding import km_apart
from ..place.names import fold
from . import phones
from .reading import Row
from .record import PersonRecord, Spell, When

#: An address left so shortly before the laptop was sent is asked about. 8.7 % of people in the US moved in a year
#: (US Census Bureau, CPS ASEC 2022), so about 1 in 140 does within 30 days by chance.
MOVED_DAYS = 30
#: Between the edges of both places: two towns that a commuter joins are not "elsewhere".
ELSEWHERE_KM = 100.0
#: Handing over one job while the next has begun is common for so long.
OVERLAP_DAYS = 92
LEAST_AGE = 14

#: What each kind may be for a good reason, as HR reads it beside the question.
INNOCENT: dict[str, str] = {
    "phone_shape": "an internet telephone, a switchboard, a number too new for our list, or a slip of a key",
    "phone_country": "people keep their number when they move or marry, and many live near a border",
    "address_change": "about 1 person in 140 moves in any month, and a new job is a reason to",
    "shipped_elsewhere": "parents, a partner, a holiday, an office or a parcel shop takes the laptop in",
    "shared_bank_account": "couples and families who share an account; state their household and it is not asked",
    "shared_phone": "couples and families, or an office's line; state their household and it is not asked",
    "shared_address": "couples, flatmates, a company flat; state their household and it is not asked",
    "dates_contradict": "a slip of a key, a part-time job not marked as one, leave to study, a job in two countries",
}

_PHONES = {
    "invalid": "The phone number is none that can be dialled. Which number reaches the person?",
    "voip": "The phone number is one of an internet telephone service. Which line does the person own?",
    "toll_free": "The phone number is a free-of-charge one, which companies rent. Which number is the person's own?",
    "premium": "The phone number is one that callers pay for. Which number is the person's own?",
    "company": "The phone number is a company's common one. Which number is the person's own?",
    "pager": "The phone number is a pager's or mailbox's. Which number reaches the person?",
}


class Answer(msgspec.Struct, frozen=True):
    """What was found of one person: the questions, and whether there was anything to compare at all."""

    questions: tuple[RecordQuestion, ...] = ()
    checked: bool = False


_SOUND, _NOTHING = Answer(checked=True), Answer()


class _Person(msgspec.Struct, gc=False):
    """All that the rows of one person say, of whom may be several for several laptops.

    number  the phone's, as equal ones have it in common; "" without one
    phone   what is to be asked of it
    """

    record: PersonRecord
    entries: list[RosterEntry]
    birth_year: int | None = None
    number: str = ""
    phone: tuple[RecordQuestion, ...] = ()

    @property
    def household(self) -> str:
        return next((entry.household for entry in self.entries if entry.household), "")

    @property
    def country(self) -> str:
        return next((entry.claim.country for entry in self.entries if entry.claim), "")


def questioned(rows: list[Row], today: date) -> list[Row]:
    """Returns the rows with what each person's records make one ask."""
    answers = answers_of(rows, today)
    for row in rows:
        answer = answers[row.entry.person]
        if answer.questions or answer.checked:
            row.entry = msgspec.structs.replace(row.entry, questions=answer.questions, checked=answer.checked)
    return rows


def answers_of(rows: Iterable[Row], today: date) -> dict[str, Answer]:
    """Returns what is to be asked of each person, by id.

    today  the day of the import: what goes on ends no earlier
    """
    people: dict[str, _Person] = {}
    for row in rows:
        person = people.get(row.entry.person)
        if person is None:
            people[row.entry.person] = _Person(row.record, [row.entry], row.birth_year)
        else:
            person.entries.append(row.entry)
            person.record = person.record if row.record.empty else row.record
            person.birth_year = person.birth_year or row.birth_year
    for person in people.values():
        _read_phone(person)
    shared = _shared(people)
    return {name: _answer(person, shared.get(name, ()), today) for name, person in people.items()}


def _answer(person: _Person, shared: Sequence[RecordQuestion], today: date) -> Answer:
    found = [*person.phone, *_moved(person), *_shipped(person.entries), *shared, *_dates(person, today)]
    open_ones = {each.kind: each for each in reversed(found) if each.kind not in person.record.answered}
    record = person.record
    facts = (record.phone, record.address, record.previous, record.bank, record.education, record.work)
    checked = any(facts) or any(entry.shipped_to for entry in person.entries)
    if not open_ones:
        return _SOUND if checked else _NOTHING
    return Answer(tuple(open_ones[kind] for kind in INNOCENT if kind in open_ones), checked)


def _read_phone(person: _Person) -> None:
    """Reads the phone number once, for its own questions and for those about several people: it costs the most."""
    text, country = person.record.phone, person.country
    if not text:
        return
    number = phones.parsed(text, country)
    person.number = phones.canonical(text, number)
    if not phones.readable(text, country):
        return
    kind = phones.kind_of(number)
    found = [RecordQuestion(kind="phone_shape", question=_PHONES[kind])] if kind else []
    if number is not None and kind != "invalid" and not phones.same_country(number, country):
        question = "The phone number is another country's than the place of work. Since when has the person had it?"
        found.append(RecordQuestion(kind="phone_country", question=question))
    person.phone = tuple(found)


def _moved(person: _Person) -> list[RecordQuestion]:
    for entry in person.entries:
        if entry.shipped_on is None:
            continue
        for moved in person.record.previous:
            # A month or a year in which the change lies somewhere proves nothing of days.
            if moved.away.first != moved.away.last:
                continue
            days = (entry.shipped_on - moved.away.first).days
            if 0 <= days <= MOVED_DAYS:
                before = "on the day" if days == 0 else f"{days} day{'s' if days > 1 else ''} before"
                ends = "on which the laptop was sent" if days == 0 else "the laptop was sent"
                question = f"The address changed {before} {ends}. Who asked for it, and how was that checked?"
                return [RecordQuestion(kind="address_change", question=question)]
    return []


def _shipped(entries: Iterable[RosterEntry]) -> list[RecordQuestion]:
    for entry in entries:
        if entry.claim is None or entry.shipped_to is None:
            continue
        km = apart_km(entry.claim, entry.shipped_to)
        if km >= ELSEWHERE_KM:
            question = f"The laptop was sent about {_round(km):,} km away from the claimed place. Who took it in there?"
            return [RecordQuestion(kind="shipped_elsewhere", question=question)]
    return []


def apart_km(one: Claim, other: Claim) -> float:
    """Returns how far two places lie apart at the least, between their edges."""
    middle = km_apart(one.latitude, one.longitude, other.latitude, other.longitude)
    return max(0.0, middle - one.radius_km - other.radius_km)


def _round(km: float) -> int:
    return int(round(km, -2)) if km >= 1_000 else int(round(km, -1))


def _shared(people: Mapping[str, _Person]) -> dict[str, list[RecordQuestion]]:
    """Returns questions about what several people have in common, households and common offices excepted."""
    found: dict[str, list[RecordQuestion]] = defaultdict(list)
    for kind, (what, value_of) in _IN_COMMON.items():
        for names in _several(people, value_of):
            homes = {people[name].household or f"person {name}" for name in names}
            sites = {entry.site.strip().lower() for name in names for entry in people[name].entries}
            office = kind == "shared_address" and len(sites) == 1 and not sites & NO_SITE
            if len(homes) > 1 and not office:
                question = f"The same {what} stands in the records of {len(names)} people. What joins them?"
                asked = RecordQuestion(kind=kind, question=question)
                for name in names:
                    found[name].append(asked)
    return found


def _several(people: Mapping[str, _Person], value_of: Callable[[_Person], str]) -> Iterable[list[str]]:
    """Yields the people who have a value in common; most values are one person's, and cost no list."""
    first: dict[str, str] = {}
    more: dict[str, list[str]] = {}
    for name, person in people.items():
        if value := value_of(person):
            holder = first.setdefault(value, name)
            if holder is not name:
                more.setdefault(value, [holder]).append(name)
    return more.values()


def _address(person: _Person) -> str:
    """Returns an address as it is compared; "" for one without a number, which is a town and shared by many."""
    text = person.record.address
    folded = fold(text) if any(sign.isdigit() for sign in text) else ""
    return folded if len(folded) >= 8 else ""


#: What several people may have in common: in words, and as it is compared.
_IN_COMMON: dict[str, tuple[str, Callable[[_Person], str]]] = {
    "shared_bank_account": ("bank account", lambda person: person.record.bank),
    "shared_phone": ("phone number", lambda person: person.number if len(person.number) >= 6 else ""),
    "shared_address": ("address", _address),
}


def _dates(person: _Person, today: date) -> list[RecordQuestion]:
    record = person.record
    problem = (
        next((said for spell in (*record.education, *record.work) if (said := _spell(spell, today))), "")
        or _too_young(record.work, person.birth_year)
        or _overlapping(record.work, today)
    )
    return [RecordQuestion(kind="dates_contradict", question=problem)] if problem else []


def _spell(spell: Spell, today: date) -> str:
    if spell.end is not None and spell.end.last < spell.start.first:
        return "One of the times of studies or work ends before it begins. Which dates are right?"
    if spell.degree is not None and spell.degree.last < spell.start.first:
        return "A degree was given before its studies began. Which dates are right?"
    if spell.start.first > today:
        return "One of the times of studies or work begins in the future. Which dates are right?"
    return ""


def _too_young(work: Iterable[Spell], birth_year: int | None) -> str:
    if birth_year is None:
        return ""
    # Born on 1 January at the earliest: nobody is older than this in that year.
    if any(spell.start.last.year - birth_year < LEAST_AGE for spell in work):
        return f"One of the jobs begins before the person was {LEAST_AGE}. Which dates are right?"
    return ""


def _overlapping(work: Iterable[Spell], today: date) -> str:
    """Whether two full-time jobs overlap by the dates alone, however the months are read."""
    busy = sorted((spell for spell in work if spell.full_time), key=lambda spell: spell.start)
    for place, one in enumerate(busy):
        for other in busy[place + 1 :]:
            begins = max(one.start.last, other.start.last)
            ends = min(_end(one, today).first, _end(other, today).first)
            if ends - begins > timedelta(days=OVERLAP_DAYS):
                months = max(1, round((ends - begins).days / 30.4))
                return f"Two jobs that are not marked as part-time overlap by about {months} months. How was that?"
    return ""


def _end(spell: Spell, today: date) -> When:
    return spell.end or When(today, today)
