"""From reports to what detectors read: sections with their observables, and observables over time. Pure.

The store turns its rows into views with the same functions as `farmwatch score` turns files into views.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from farmwatch_detectors.view import SectionView, Span
from farmwatch_schema.codec import decode_items, digest_of
from farmwatch_schema.errors import CodecError
from farmwatch_schema.observables import Observable
from farmwatch_schema.report import Outcome, Report, Section

from .place.samples import AHEAD, DAYS, MOST_SAMPLES, SAMPLED, KeptDay, Sample, Samples, days_since

#: Reason of a section whose content was named by its digest and never received.
MISSING = "its content was named by digest and never received"


def moment(text: str, place: str) -> datetime:
    """Returns a report's time in UTC; raises CodecError naming `place` when it is none."""
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CodecError(place, f"is no time: {text[:40]!r}.", "Times are UTC, like 2026-11-22T12:00:00Z.") from error


def section_view(
    kind: str, outcome: Outcome, observed_at: datetime, items: bytes, reason: str = "", *, missing: bool = False
) -> SectionView:
    """Returns a section with its observables decoded.

    items    the JSON array as it came; b"" when the section has none by nature
    missing  the content was never received: the section counts as one that could not be looked at
    Raises CodecError naming kind, position and field when an observable does not fit.
    """
    if missing:
        return SectionView(kind=kind, outcome="broken", observed_at=observed_at, reason=MISSING)
    seen = tuple(decode_items(kind, items)) if items else ()
    return SectionView(kind=kind, outcome=outcome, observed_at=observed_at, items=seen, reason=reason)


def advance(spans: Sequence[Span], section: SectionView, previous_at: datetime | None) -> tuple[Span, ...]:
    """Returns the spans of one kind after one more section of it.

    previous_at  when the last section of this kind that could look was made; None for the first one
    A section that could not look says nothing about presence: the spans stay as they are.
    """
    if not section.looked:
        return tuple(spans)
    here: dict[Observable, None] = dict.fromkeys(section.items)
    kept: list[Span] = []
    for span in spans:
        if span.seen_until is not None:
            kept.append(span)
        elif span.item in here:
            del here[span.item]
            kept.append(span)
        else:
            kept.append(msgspec.structs.replace(span, seen_until=previous_at or span.seen_from))
    first = previous_at is None
    kept += [Span(kind=section.kind, item=item, seen_from=section.observed_at, from_start=first) for item in here]
    return tuple(kept)


class History:
    """What is known of one device after some of its reports, fed oldest first.

    sections      latest section of each kind
    spans         observables over time, by kind
    samples       measurements of each sample kind that detectors see over days, as they came, oldest report first
    first_at      when its first report was made; None before it
    last_at       when its latest report was made
    """

    def __init__(self) -> None:
        self.sections: dict[str, SectionView] = {}
        self.spans: dict[str, tuple[Span, ...]] = {}
        self.samples: dict[str, list[Sample]] = {}
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None
        self._content: dict[str, dict[str, tuple[Observable, ...]]] = {}
        self._digest: dict[str, str] = {}
        self._looked_at: dict[str, datetime] = {}

    def add(self, report: Report, place: str = "report") -> bool:
        """Takes in a report and returns whether anything but times changed.

        Raises CodecError that begins with `place`; nothing of the report is taken in then.
        """
        created = moment(report.created_at, f"{place} $.created_at")
        views = [self._view(section, f"{place} $.sections[{index}]") for index, section in enumerate(report.sections)]
        changed = False
        for section, view in zip(report.sections, views, strict=True):
            before = self.sections.get(view.kind)
            same = before is not None and (before.outcome, before.reason) == (view.outcome, view.reason)
            measured = not section.digest and isinstance(section.items, msgspec.Raw)
            if measured:
                changed = True  # a sample is news each time, and nothing that comes and goes
            elif not same or self._digest.get(view.kind) != section.digest:
                changed = True
                spans = self.spans.get(view.kind, ())
                self.spans[view.kind] = advance(spans, view, self._looked_at.get(view.kind))
            self.sections[view.kind] = view
            self._digest[view.kind] = section.digest
            if view.looked:
                self._looked_at[view.kind] = view.observed_at
            if view.kind in SAMPLED and isinstance(section.items, msgspec.Raw):
                kept = self.samples.setdefault(view.kind, [])
                kept.append(Sample(view.observed_at, bytes(section.items)))
                del kept[:-MOST_SAMPLES]
        self.first_at = self.first_at or created
        self.last_at = created if self.last_at is None else max(created, self.last_at)
        return changed

    def samples_at(self, now: datetime, kept: Iterable[KeptDay] = ()) -> Mapping[str, Sequence[SectionView]]:
        """Returns the measurements of the last days, as a store's view holds them.

        kept  what was made of their days before
        """
        since = days_since(now, DAYS)
        stored = {
            kind: [one for one in each if since <= one.observed_at <= now + AHEAD]
            for kind, each in self.samples.items()
        }
        return Samples(stored, kept) if any(stored.values()) else {}

    def _view(self, section: Section, place: str) -> SectionView:
        observed = moment(section.observed_at, f"{place}.observed_at")
        held = self._content.setdefault(section.kind, {})
        if isinstance(section.items, msgspec.UnsetType):
            if not section.digest:
                return section_view(section.kind, section.outcome, observed, b"", section.reason)
            known = held.get(section.digest)
            if known is None:
                return section_view(section.kind, section.outcome, observed, b"", missing=True)
            return SectionView(
                kind=section.kind, outcome=section.outcome, observed_at=observed, items=known, reason=section.reason
            )
        if section.digest and digest_of(section.items) != section.digest:
            raise CodecError(f"{place}.digest", "is not that of the items.", "Use the agent's output unchanged.")
        try:
            view = section_view(section.kind, section.outcome, observed, bytes(section.items), section.reason)
        except CodecError as error:
            raise CodecError(f"{place}: {error.place}", error.problem, error.remedy) from error
        held[section.digest] = view.items
        return view
