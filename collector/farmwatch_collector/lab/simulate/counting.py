"""What a fleet turned out to be made of."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..simulation import SimulatedDevice
from .settings import FarmSpec, Settings


class Counts:
    """Counts devices as they pass; `reports`: lines written or sent."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.devices = 0
        self.reports = 0
        self.dwellings: Counter[str] = Counter()
        self.traps: Counter[str] = Counter()
        self.places: dict[str, set[str]] = {}

    def take(self, device: SimulatedDevice) -> None:
        """Counts a device."""
        truth = device.truth
        self.devices += 1
        self.dwellings[truth.dwelling] += 1
        self.traps.update(truth.traps)
        if truth.place:
            self.places.setdefault(truth.dwelling, set()).add(truth.place)

    def document(self, farms: Sequence[FarmSpec]) -> dict[str, Any]:
        """Returns it for the JSON document: docs/simulate.md has its fields."""
        settings = self._settings
        return {
            "devices": self.devices,
            "days": settings.days,
            "first_day": settings.first_day.isoformat(),
            "seed": settings.seed,
            "reports": self.reports,
            "laptops": dict(sorted(self.dwellings.items())),
            "places": {kind: len(names) for kind, names in sorted(self.places.items())},
            "traps": dict(sorted(self.traps.items())),
            "farms": [
                {"name": farm.name, "size": farm.size, "care": farm.care, "evasions": list(farm.evasions or ())}
                for farm in farms
            ],
        }

    def text(self, farms: Sequence[FarmSpec]) -> str:
        """Returns it for people."""
        settings = self._settings
        head = f"{self.devices:,} laptops over {settings.days} days from {settings.first_day}, seed {settings.seed}"
        lines = [f"{head}; {self.reports:,} reports"]
        for name, counts in (("laptops", self.dwellings), ("traps", self.traps)):
            lines += [f"  {name:8} {kind:20} {count:>9,}" for kind, count in counts.most_common()]
        members = sum(farm.size for farm in farms)
        count = "1 farm" if len(farms) == 1 else f"{len(farms)} farms"
        lines.append(
            f"  {count} with {members:,} laptops"
            + (f", the smallest of {min(farm.size for farm in farms)}" if farms else "")
        )
        return "\n".join(lines)
