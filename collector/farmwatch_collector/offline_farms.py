"""Farms among reports without a store: the laptops that `offline.fed` gives, as a `Source`."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from farmwatch_schema.observables.input_source import InputDay

from .evaluate import Company
from .farms.activity import activity_of
from .farms.judging import Candidate
from .farms.source import Activity, MemberScore
from .farms.watch import find
from .farms_json import of_reports
from .farms_text import brief
from .fleet import Fleet
from .offline import Judged, Laptop
from .score import without
from .score_text import wrapped


class Reports:
    """What reports say of farms' members, beside what they share.

    laptops  by device, as `offline.fed` returns them
    scored   their latest judgements, as `offline.judged` returns them
    """

    def __init__(self, laptops: Mapping[str, Laptop], scored: Collection[Judged]) -> None:
        self._laptops = laptops
        self._scored = {each.assessment.device: each for each in scored}

    @property
    def at(self) -> datetime:
        """The moment of judgement: the latest report of all."""
        return max(each.last_at for each in self._scored.values())

    def scores(self, devices: Collection[str]) -> Mapping[str, MemberScore]:
        found: dict[str, MemberScore] = {}
        for device in devices:
            each = self._scored.get(device)
            if each is None:
                continue
            result = each.assessment
            bits, probability = without("F", result.groups, result.bars)
            found[device] = MemberScore(
                device=device,
                bits=bits,
                probability=probability,
                points=result.points,
                attention=result.attention,
                seen_at=each.last_at,
            )
        return found

    def activity(self, devices: Collection[str], since: date) -> Mapping[str, Activity]:
        found: dict[str, Activity] = {}
        for device in devices:
            laptop = self._laptops.get(device)
            if laptop is None or laptop.history.last_at is None:
                continue
            spans = laptop.history.spans
            days = (span.item for span in spans.get("input_source", ()) if isinstance(span.item, InputDay))
            held = activity_of(days, spans.get("sessions", ()), since=since, at=laptop.history.last_at)
            if held is not None:
                found[device] = held
        return found


def farms_of(
    laptops: Mapping[str, Laptop], scored: Collection[Judged], company: Company, fleet: Fleet
) -> tuple[Candidate, ...]:
    """Returns every group of laptops that share something, the highest odds first, whatever they are.

    laptops, fleet  of `offline.fed`
    scored          of `offline.judged`
    """
    if not scored:
        return ()
    source = Reports(laptops, scored)
    found = find(fleet, source, company.policy, source.at)
    return tuple(sorted(found, key=lambda each: (-each.odds.bits, each.devices)))


def lines_by_device(
    laptops: Mapping[str, Laptop], scored: Collection[Judged], company: Company, fleet: Fleet
) -> dict[str, list[str]]:
    """Returns what `farmwatch score` says of each device that belongs to a farm at watch or above."""
    lines: dict[str, list[str]] = {}
    for item in of_reports(farms_of(laptops, scored, company, fleet), "watch", len(laptops)).items:
        for member in item.members:
            lines.setdefault(member.device, []).extend(["", *wrapped(brief(item), "  ", "    ")])
    return lines
