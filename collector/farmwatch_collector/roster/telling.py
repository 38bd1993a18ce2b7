"""The roster's answers in words. What is asked is put as a question, with what it may be for a good reason."""

from collections.abc import Sequence

from ..drawn import drawn
from ..store.protocol_people import KeptPerson
from .checks import INNOCENT
from .cohorts import FALSE_SPIKES, LEAST_JOINED, LEAST_OTHERS, Week
from .importing import Preview
from .reading import Row
from .record import Spell, When

#: Places, and people of each kind, that a preview names.
FEW = 12


def preview_text(file: str, found: Preview, *, dry: bool) -> str:
    """Returns what an import would change, or changed."""
    people = found.people
    done = "nothing was imported, this is a preview." if dry else "imported."
    total = people["added"] + people["changed"] + people["same"]
    changes = ", ".join(f"{people[how]:,} {how}" for how in ("added", "changed", "removed"))
    lines = [
        f"{drawn(file)}: {_count(found.rows, 'laptop')} of {_count(total, 'person', 'people')}; {done}",
        f"people         {changes}, {people['same']:,} as before",
    ]
    lines += [f"  {how:12} {_some(names, people[how])}" for how, names in found.names.items() if names]
    facts = found.facts
    lines.append(
        f"personal facts {facts['new']:,} new, {facts['changed']:,} changed, {facts['dropped']:,} stated no more"
    )
    if found.cohorts:
        cohorts = [f"{cohort} ({count:,})" for cohort, count in list(found.cohorts.items())[:FEW]]
        lines.append(f"cohorts        {_some(cohorts, len(found.cohorts), '; ')}")
    if found.places:
        places = [f"{place} ({count:,})" for place, count in list(found.places.items())[:FEW]]
        lines.append(f"places         {_some(places, len(found.places), '; ')}")
    if found.waits:
        waiting = [f"{drawn(each.person)} (line {each.line}, {each.by})" for each in found.waiting]
        lines.append(f"not enrolled   {found.waits:,}, whose rows wait: {_some(waiting, found.waits)}")
    for each in found.doubled:
        devices = ", ".join(drawn(device) for device in each.devices)
        lines.append(
            f"one serial     of {drawn(each.person)} (line {each.line}) is reported by {devices}. Set up anew? Then "
            "revoke the old one; else look at cloned_identity."
        )
    if found.asked:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in found.questions.items())
        lines.append(f"to be asked    {_count(found.asked, 'person', 'people')}: {kinds}")
        lines.append(f"               farmwatch roster check {drawn(file)} shows each question.")
    return "\n".join(lines)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _some(names: Sequence[str], total: int, between: str = ", ") -> str:
    shown = [drawn(name) for name in names[:FEW]]
    rest = f" and {total - len(shown):,} more" if total > len(shown) else ""
    return between.join(shown) + rest


def check_text(file: str, rows: Sequence[Row], asked: Sequence[Row]) -> str:
    """Returns the questions of each person, with what may lie behind each for a good reason."""
    people = len({row.entry.person for row in rows})
    having = len({row.entry.person for row in asked})
    have = "has" if people == 1 else "have"
    lines = [f"{drawn(file)}: {having:,} of {_count(people, 'person', 'people')} {have} something to ask about."]
    if asked:
        lines.append("These are questions, no verdicts: nearly all have an ordinary answer. Ask the person, and write")
        lines.append("the kind into the column `answered` once it is answered; then it is not asked again.")
    seen: set[str] = set()
    for row in asked:
        if row.entry.person in seen:
            continue
        seen.add(row.entry.person)
        lines += ["", f"{drawn(row.entry.person)} (line {row.line})"]
        for each in row.entry.questions:
            lines.append(f"  {each.kind}: {each.question}")
            lines.append(f"    It may well be: {INNOCENT[each.kind]}.")
    return "\n".join(lines)


def cohorts_text(weeks: Sequence[Week], unknown: int) -> str:
    """Returns the table of weeks."""
    lines = [f"{'week from':12}{'joined':>8}{'asked':>8}{'expected':>10}  chance of so many"]
    for week in weeks:
        chance = "too few to say" if week.chance is None else _chance(week.chance)
        expected = "-" if week.chance is None else f"{week.expected:.2f}"
        kinds = ", ".join(f"{kind} {count}" for kind, count in week.kinds.items())
        mark = f"  more than chance: {kinds}" if week.spike else ""
        lines.append(f"{week.begins.isoformat():12}{week.joined:>8,}{week.asked:>8,}{expected:>10}  {chance}{mark}")
    if unknown:
        lines.append(f"{_count(unknown, 'person', 'people')} without a start_on are left out.")
    lines.append(
        f"Expected is the rate of all other weeks. A week needs {LEAST_JOINED} people, and {LEAST_OTHERS} others to "
        f"compare with; a false mark anywhere in the table has a chance of {FALSE_SPIKES:.0%}. Ask what the people of "
        "a marked week have in common (recruiter, agency, referral), not who they are."
    )
    return "\n".join(lines)


def _chance(chance: float) -> str:
    return f"1 in {round(1 / chance):,}" if chance < 0.1 else f"{chance:.2f}"


def person_text(kept: KeptPerson) -> str:
    """Returns a person's facts for the one who may see them."""
    record = kept.record
    lines = [f"{drawn(record.person)}, imported {kept.imported_at:%Y-%m-%d %H:%M} UTC"]
    if kept.left_at is not None:
        lines.append(f"left the roster {kept.left_at:%Y-%m-%d}: deleted 30 days after it")
    for name, text in (("phone", record.phone), ("address", record.address)):
        if text:
            lines.append(f"{name:10} {drawn(text)}")
    lines += [f"until {_when(moved.away):11} {drawn(moved.text)}" for moved in record.previous]
    if record.bank:
        lines.append(f"bank       an account, kept as a keyed digest only ({record.bank[:8]}...)")
    for name, spells in (("education", record.education), ("work", record.work)):
        lines += [f"{name:10} {_spell(spell)}" for spell in spells]
    if record.answered:
        lines.append(f"answered   {', '.join(record.answered)}")
    lines.append("An audit line says that you have looked: farmwatch cases audit.")
    return "\n".join(lines)


def _when(when: When) -> str:
    if when.first == when.last:
        return when.first.isoformat()
    return f"{when.first:%Y-%m}" if when.first.month == when.last.month else f"{when.first:%Y}"


def _spell(spell: Spell) -> str:
    words = [f"{_when(spell.start)} to {_when(spell.end) if spell.end else 'now'}"]
    if spell.degree:
        words.append(f"degree {_when(spell.degree)}")
    if not spell.full_time:
        words.append("part-time")
    return ", ".join(words)
