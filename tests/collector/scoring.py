"""Made-up level tables and findings for tests of the score; nothing here comes from a shipped table."""

from datetime import UTC, datetime, timedelta

from farmwatch_detectors.detector import Basis, Level
from farmwatch_schema.finding import Evidence, Finding, Group

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ENROLLED = NOW - timedelta(days=60)


def row(
    level: int, bits: float, basis: Basis = "measured", *, half_life_days: float = 14, published_kvm: bool = False
) -> Level:
    """A row that weighs `bits` before caps."""
    m = 0.5
    return Level(
        level=level,
        meaning=f"made-up level {level}",
        m=m,
        u=m / 2**bits,
        basis=basis,
        sources=("made up",),
        innocent=("a test", "another test"),
        clears=("the end of the test",),
        half_life_days=half_life_days,
        published_kvm=published_kvm,
    )


def finding(
    detector: str,
    group: Group,
    level: int,
    *,
    subject: str = "",
    seen_until: datetime | None = None,
    sanctioned: str = "",
    floor: bool = False,
    absorbs: tuple[str, ...] = (),
) -> Finding:
    return Finding(
        detector=detector,
        group=group,
        level=level,
        sentence=f"{detector} states level {level}.",
        evidence=(Evidence(kind="usb", subject="a thing", fact="was seen"),),
        subject=subject,
        seen_until=seen_until.isoformat() if seen_until else "",
        sanctioned=sanctioned,
        floor=floor,
        absorbs=absorbs,
    )
