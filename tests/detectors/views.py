"""Device views for detector tests, made of observables."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from farmwatch_agent import probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_detectors.policy import Policy
from farmwatch_detectors.view import DeviceView, SectionView, Span
from farmwatch_schema import codec
from farmwatch_schema.identifiers import Identifier, Keyer
from farmwatch_schema.observables import Observable
from farmwatch_schema.report import Outcome

from ..cases import recorded

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ENROLLED = NOW - timedelta(days=10)
KEYER = Keyer(b"a key for tests only", "test")


def serial(text: str, kind: str = "serial") -> Identifier:
    """Returns a serial as a report holds it."""
    return KEYER.key(kind, text)


def view(
    *,
    device: str = "laptop-1",
    outcome: Outcome = "found",
    policy: Policy | None = None,
    assets: Mapping[str, int] | None = None,
    history: Mapping[str, tuple[Span, ...]] | None = None,
    **sections: Iterable[Observable],
) -> DeviceView:
    """Returns a device whose latest sections hold these observables, by kind."""
    return DeviceView(
        device=device,
        now=NOW,
        enrolled_at=ENROLLED,
        sections={
            kind: SectionView(kind=kind, outcome=outcome, observed_at=NOW, items=tuple(items))
            for kind, items in sections.items()
        },
        policy=policy or Policy(),
        assets=assets or {},
        history=history or {},
    )


def recorded_view(platform: str, name: str) -> DeviceView:
    """Returns a recorded laptop as the collector would show it to detectors."""
    folder = recorded.HOSTS / platform / name
    kinds = [kind for kind in probes.NAMES if kind in recorded.about(folder)["kinds"]]
    sections = runner.run(ReplayingHost(recorded.load(folder)), KEYER, Health(), kinds, log=pytest.fail)
    seen = {
        section.kind: SectionView(
            kind=section.kind,
            outcome=section.outcome,
            observed_at=NOW,
            items=() if section.items is msgspec.UNSET else tuple(codec.decode_items(section.kind, section.items)),
        )
        for section in sections
    }
    return msgspec.structs.replace(view(), sections=seen)
