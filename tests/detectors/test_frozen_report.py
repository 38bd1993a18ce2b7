"""Reports whose time since boot stands still. No running system can stop CLOCK_BOOTTIME (clock_gettime(2))."""

from datetime import timedelta

import msgspec
import pytest

from farmwatch_collector.hearing import Hearing, reporting_of
from farmwatch_detectors import frozen_report
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import Finding

from .views import NOW, view

BOOT = "5f3c2a9be1d04477"


def device(*reports: tuple[float, int], boot: str = BOOT) -> DeviceView:
    """A laptop with these reports: minutes before now, uptime in seconds."""
    hearing = Hearing()
    for minutes, uptime in reports:
        at = int((NOW - timedelta(minutes=minutes)).timestamp())
        hearing.take(at, at, boot, uptime)
    return msgspec.structs.replace(view(), reporting=reporting_of(hearing, NOW, NOW, ()))


def found(device: DeviceView) -> list[Finding]:
    return list(frozen_report.detect(device))


def test_hit_the_same_report_sent_again_for_an_hour() -> None:
    (finding,) = found(device(*((60 - 15 * number, 4711) for number in range(5))))
    assert finding.level == 1
    assert "4711 s in 4 reports" in finding.evidence[0].fact


def test_hit_three_hours_of_it_are_level_two() -> None:
    (finding,) = found(device(*((195 - 15 * number, 4711) for number in range(13))))
    assert finding.level == 2


def test_miss_an_uptime_that_a_forger_counts_on() -> None:
    assert found(device(*((60 - 15 * number, 4711 + 900 * number) for number in range(5)))) == []


@pytest.mark.parametrize(
    "reports",
    [
        [(120, 86_400), (90, 90_000), (60, 40_000), (45, 40_900), (30, 41_800)],
        [(0.2, 600), (0.1, 600), (0.1, 600), (0, 600), (0, 600)],
    ],
    ids=["a virtual machine set back to a snapshot goes on from there", "a dock brings five reports in a second"],
)
def test_honest_twin_uptime_that_falls_once_or_reports_of_one_second(reports: list[tuple[float, int]]) -> None:
    assert found(device(*reports)) == []


@pytest.mark.parametrize(("boot", "uptime"), [("", 60), (BOOT, 0)])
def test_could_not_look_where_boot_or_uptime_are_not_told(boot: str, uptime: int) -> None:
    assert found(device(*((60 - 15 * number, uptime) for number in range(5)), boot=boot)) == []


def test_could_not_look_where_nobody_kept_count_of_reports() -> None:
    assert found(view()) == []
