"""A small labelled fleet made of the demo's people: what the bench is tested with, beside the lab's scenarios."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from farmwatch_collector.lab.fleet import POLICY, Person, people
from farmwatch_collector.lab.laptop import SimulatedLaptop
from farmwatch_collector.lab.sample import Label, Sample
from farmwatch_schema.identifiers import Keyer

KEY = b"a key for tests only, of 32 byte"
BEGIN = datetime(2026, 11, 16, 8, tzinfo=UTC)

#: What the demo's farm does, by its five laptops in order.
CLASSES = ("kvm_default", "kvm_default", "kvm_spoofed", "kvm_spoofed", "software")


def laptop(person: Person, seed: int) -> SimulatedLaptop:
    """Returns a person's laptop with the identity that enrolment would give it."""
    made = person.laptop(seed)
    made.device = person.name
    made._keyer = Keyer.from_key(KEY)
    return made


def sample(
    days: int = 2,
    hours: Sequence[int] = (0, 4),
    seed: int = 1,
    chosen: Callable[[Person], bool] = lambda _: True,
    change: Callable[[Person, datetime], None] = lambda _person, _at: None,
    policy: str = POLICY,
) -> Sample:
    """Returns the demo's fleet over some days.

    hours   after eight o'clock at which every laptop reports
    change  called before each report, to change what a laptop shows
    """
    everybody = [person for person in people(date(2026, 11, 16), seed) if chosen(person)]
    labels = tuple(_label(person, everybody) for person in everybody)
    rows = "".join(
        f"p{each.number},{each.name},{each.cohort},{each.start_on},{each.household},{each.site}\n" for each in everybody
    )

    def reports() -> Iterator[bytes]:
        laptops = [(person, laptop(person, seed)) for person in everybody]
        for day in range(days):
            for hour in hours:
                at = BEGIN + timedelta(days=day, hours=hour)
                for person, made in laptops:
                    change(person, at)
                    made.looks = person.laptop(seed).looks
                    yield made.report(at)

    return Sample(
        name=f"demo fleet, seed {seed}",
        labels=labels,
        roster="person,device,cohort,start_on,household,site\n" + rows,
        policy=policy,
        key=KEY,
        days=days,
        reports=reports,
    )


def _label(person: Person, everybody: Sequence[Person]) -> Label:
    farm = [each for each in everybody if each.farm]
    kind = CLASSES[farm.index(person)] if person.farm else ("trap" if person.oddity else "ordinary")
    facets = {"platform": person.platform}
    if person.oddity and not person.farm:
        facets["trap"] = person.oddity
    if kind.startswith("kvm"):
        facets["kvm"] = "pikvm" if kind == "kvm_default" else "jetkvm"
    return Label(device=person.name, farm=person.farm, kind=kind, since=BEGIN.isoformat(), facets=facets)
