"""Silence counts only where everything that a group needs was looked at."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from farmwatch_detectors.detector import LevelTableError
from farmwatch_detectors.groups import STALE, parse_silence_table, silence_table, why_grey
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema.finding import GROUPS, Group
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import KINDS, Gap
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.report import Outcome

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MAC = Identifier(kind="mac", key_id="k", digest="d", oui="a040a0")
GATEWAY = Gateway(family="ipv4", interface="wlp1s0", mac=MAC)


def view(**sections: SectionView) -> DeviceView:
    looked = {kind: SectionView(kind=kind, outcome="none", observed_at=NOW) for kind in KINDS}
    looked["network"] = SectionView(kind="network", outcome="found", observed_at=NOW, items=(GATEWAY,))
    return DeviceView(device="d", now=NOW, enrolled_at=NOW, sections={**looked, **sections}, fleet={"gateway_mac": 60})


def grey(device: DeviceView, group: Group) -> str:
    return why_grey(device, silence_table()[group])


def test_with_everything_looked_at_only_groups_without_a_detector_are_grey() -> None:
    causes = {group: grey(view(), group) for group in GROUPS}
    assert {group for group, cause in causes.items() if cause} == {"I", "P", "HR"}
    assert causes["I"] == "farmwatch has no detector for this yet"


def test_the_shipped_table_weighs_silence_as_judged() -> None:
    bits = {group: round(row.bits, 1) for group, row in silence_table().items()}
    assert bits == {"H": -1.0, "R": -1.0, "I": 0.0, "N": -0.3, "P": 0.0, "F": -0.5, "HR": 0.0, "A": 0.0}


@pytest.mark.parametrize(
    ("group", "kinds"),
    [
        ("H", ["usb", "displays"]),
        ("R", ["processes", "sockets", "services"]),
        ("N", ["network"]),
        ("A", ["host", "agent"]),
    ],
)
@pytest.mark.parametrize("outcome", ["not_permitted", "not_supported", "broken"])
def test_a_needed_section_that_could_not_look_greys_the_group_by_name(
    group: Group, kinds: list[str], outcome: Outcome
) -> None:
    for kind in kinds:
        blind = SectionView(kind=kind, outcome=outcome, observed_at=NOW, reason="Run as root.")
        cause = grey(view(**{kind: blind}), group)
        assert cause.startswith(f"{kind}: ")
        assert "Run as root" in cause


def test_a_gap_greys_the_group_and_is_named() -> None:
    partly = SectionView(
        kind="usb", outcome="found", observed_at=NOW, items=(Gap(what="port 1-4", outcome="not_permitted"),)
    )
    assert grey(view(usb=partly), "H") == "usb: could not look at port 1-4"


def test_a_gap_that_hides_nothing_a_group_looks_for_does_not_grey_it() -> None:
    gap = Gap(what="IPv6 neighbours", outcome="not_supported")
    partly = SectionView(kind="network", outcome="found", observed_at=NOW, items=(GATEWAY, gap))
    assert grey(view(network=partly), "N") == ""
    assert grey(view(network=partly), "F") == ""


def test_a_section_that_no_report_held_is_said_so() -> None:
    device = view()
    without = msgspec.structs.replace(device, sections={"displays": device.sections["displays"]})
    assert grey(without, "H") == "usb: no probe reports this yet"


def test_silence_of_an_old_report_counts_no_more() -> None:
    device = view()
    later = msgspec.structs.replace(device, now=NOW + STALE + timedelta(seconds=1))
    assert grey(later, "H") == "usb: last looked at on 2026-11-22"
    assert grey(msgspec.structs.replace(device, now=NOW + STALE), "H") == ""


def test_ties_need_a_gateway_and_a_fleet() -> None:
    alone = msgspec.structs.replace(view(), fleet={"gateway_mac": 9})
    assert "fleet too small to compare: 10 gateways must be known, 9 so far" in grey(alone, "F")
    unknown = view(network=SectionView(kind="network", outcome="none", observed_at=NOW))
    assert grey(unknown, "F") == "network: no gateway with a known MAC address"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("m0 = 0.50", "m0 = 1.50"), "m0 <= u0"),
        (('group = "H"', 'group = "Z"'), "Invalid enum"),
        (('group = "H"', 'group = "R"'), "once, in this order"),
        (("needs", "neds"), "unknown field"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused(change: tuple[str, str], said: str) -> None:
    from importlib import resources

    text = resources.files("farmwatch_detectors").joinpath("groups.toml").read_text(encoding="utf-8")
    assert parse_silence_table(text)
    with pytest.raises(LevelTableError, match=said):
        parse_silence_table(text.replace(*change))
