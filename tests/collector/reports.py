"""Reports as an agent writes them, made from observables, for tests of everything offline."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from farmwatch_collector.offline import Located
from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import KINDS, Observable
from farmwatch_schema.report import Agent, Origin, Outcome, Report, Section

KEYER = Keyer.from_key(bytes(range(32)))
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NO_EPOCH = "0" * 32
BOOTED = datetime(2026, 1, 1, tzinfo=UTC)  # the boot in which every report here was made


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def section(
    kind: str,
    items: Sequence[Observable],
    at: datetime = NOW,
    *,
    outcome: Outcome | None = None,
    reason: str = "",
    keyer: Keyer = KEYER,
    left_out: bool = False,
) -> Section:
    done: Outcome = outcome or ("found" if items else "none")
    raw = b"[" + b",".join(sorted(msgspec.json.encode(item, enc_hook=keyer.hook) for item in items)) + b"]"
    if not items:
        return Section(kind=kind, outcome=done, observed_at=stamp(at), reason=reason)
    return Section(
        kind=kind,
        outcome=done,
        observed_at=stamp(at),
        reason=reason,
        digest=codec.digest_of(raw),
        items=msgspec.UNSET if left_out else msgspec.Raw(raw),
    )


def report(
    device: str,
    looks: Mapping[str, Sequence[Observable]],
    at: datetime = NOW,
    *,
    epoch: str = NO_EPOCH,
    sequence: int = 1,
    origin: Origin = "live",
    keyer: Keyer = KEYER,
    without: Sequence[str] = (),
) -> Report:
    """A report with every kind: what `looks` does not name was looked at and is empty; `without` is not permitted."""
    sections = [
        section(kind, (), at, outcome="not_permitted", reason="Run as root.")
        if kind in without
        else section(kind, looks.get(kind, ()), at, keyer=keyer)
        for kind in KINDS
    ]
    return Report(
        device=device,
        epoch=epoch,
        sequence=sequence,
        boot="0123456789abcdef",
        created_at=stamp(at),
        uptime_seconds=int((at - BOOTED).total_seconds()),
        agent=Agent(version="0.1.0", platform="linux"),
        sections=sections,
        origin=origin,
    )


def line(each: Report) -> bytes:
    return codec.encode(each) + b"\n"


def located(reports: Sequence[Report], file: str = "reports.jsonl") -> list[Located]:
    """The same as reading the lines of a file."""
    return [
        Located(
            codec.decode_report(codec.encode(each)),
            file,
            number,
            datetime.fromisoformat(each.created_at),
            codec.digest_of(codec.encode(each)),
        )
        for number, each in enumerate(reports, start=1)
    ]
