"""Silence counts only where everything that a group needs was looked at."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from farmwatch_detectors.detector import LevelTableError
from farmwatch_detectors.groups import STALE, parse_silence_table, silence_table, why_grey
from farmwatch_detectors.view import DeviceView, SectionView, Span
from farmwatch_schema.finding import GROUPS, Group
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import KINDS, Gap
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.report import Outcome

from .input_days import BUILT_IN, workdays

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MAC = Identifier(kind="mac", key_id="k", digest="d", oui="a040a0")
GATEWAY = Gateway(family="ipv4", interface="wlp1s0", mac=MAC)


def view(**sections: SectionView) -> DeviceView:
    looked = {kind: SectionView(kind=kind, outcome="none", observed_at=NOW) for kind in KINDS}
    looked["host"] = SectionView(kind="host", outcome="found", observed_at=NOW, items=(HostFacts(hypervisor=""),))
    looked["network"] = SectionView(kind="network", outcome="found", observed_at=NOW, items=(GATEWAY,))
    return DeviceView(device="d", now=NOW, enrolled_at=NOW, sections={**looked, **sections}, fleet={"gateway_mac": 60})


def grey(device: DeviceView, group: Group) -> str:
    return why_grey(device, silence_table()[group])


def test_with_everything_looked_at_once_what_takes_days_and_what_has_no_detector_is_grey() -> None:
    causes = {group: cause for group in GROUPS if (cause := grey(view(), group))}
    assert causes == {
        "I": "input_source: 5 of the last 14 days must be watched, device by device, 0 were",
        "P": "power: 10 days must be known, 0 so far",
        "HR": "the roster says nothing of its person that could be compared",
    }


def test_input_by_hand_on_five_watched_days_is_silence_that_counts() -> None:
    def watched(days: int, method: str = "evdev") -> str:
        items = tuple(workdays(days, BUILT_IN, method=method))
        spans = tuple(Span(kind="input_source", item=item, seen_from=NOW) for item in items)
        section = SectionView(kind="input_source", outcome="found", observed_at=NOW, items=items[:2])
        device = msgspec.structs.replace(view(input_source=section), history={"input_source": spans})
        return grey(device, "I")

    assert watched(6) == ""
    assert watched(3).endswith("3 were")
    assert watched(10, "idle_time").endswith("0 were"), "a clock tells no devices apart"


def test_the_shipped_table_weighs_silence_as_judged() -> None:
    bits = {group: round(row.bits, 1) for group, row in silence_table().items()}
    assert bits == {"H": -0.9, "R": -1.0, "I": -0.4, "N": -0.3, "P": -0.4, "F": -0.5, "HR": 0.0, "A": 0.0}


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


#: What ordinary laptops of each system cannot tell whatever their rights, by the probe that says so.
EVERYDAY = {
    "Mac": {
        "sessions": [Gap(what="logins that ended, beyond the last on each terminal", outcome="not_supported")],
        "bluetooth": [Gap(what="AirPlay receiver: nobody set it, so the system's own default holds", outcome="broken")],
        "wifi": [Gap(what="name and address of the Wi-Fi network", outcome="not_permitted")],
        "network": [Gap(what="the location service's switch", outcome="not_permitted")],
    },
    "Windows": {
        "processes": [
            Gap(what="arguments of protected and other users' processes", outcome="not_permitted", count="2-4"),
            Gap(what="access lists of programs", outcome="not_permitted", count="5-9"),
            Gap(what="programs that ran lately", outcome="not_permitted"),
        ],
        "power": [Gap(what="wake locks", outcome="not_supported")],
        "network": [Gap(what="Wi-Fi radio", outcome="not_supported"), Gap(what="location service", outcome="broken")],
    },
    "Linux": {
        "network": [Gap(what="switches of radios", outcome="not_supported")],
        "sockets": [Gap(what="round-trip times of inbound connections", outcome="not_supported")],
        "input_source": [Gap(what="a day's activity: only the running reader counts it", outcome="not_supported")],
    },
}


@pytest.mark.parametrize("system", EVERYDAY)
def test_what_no_laptop_of_a_system_can_tell_blocks_no_group_for_ever(system: str) -> None:
    device = view()
    sections = {
        kind: SectionView(
            kind=kind, outcome="found", observed_at=NOW, items=(*device.sections[kind].items, *EVERYDAY[system][kind])
        )
        for kind in EVERYDAY[system]
    }
    assert {group: cause for group in "HRNFA" if (cause := grey(view(**sections), group))} == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("group", "kind", "gap"),
    [
        ("R", "processes", Gap(what="arguments of protected and other users' processes", outcome="not_permitted",
                               count="50+")),
        ("R", "processes", Gap(what="executables of other users' processes", outcome="not_permitted", count="2-4")),
        ("R", "processes", Gap(what="signatures of programs", outcome="broken", count="2-4")),
        ("R", "sockets", Gap(what="owners of sockets", outcome="not_permitted", count="1")),
        ("R", "services", Gap(what="launchd jobs", outcome="not_permitted", count="1")),
        # Of macOS before 13, and of an agent without root: a tool may be registered there and start at the next login.
        ("R", "services", Gap(what="login items that an application registered for itself", outcome="not_permitted")),
        ("R", "services", Gap(what="scheduled tasks", outcome="not_permitted")),
        ("N", "network", Gap(what="network interfaces", outcome="broken")),
        ("N", "network", Gap(what="VPN connections of the system", outcome="broken")),
        ("N", "network", Gap(what="drivers of network adapters", outcome="not_permitted")),
        ("N", "network", Gap(what="policy routing, which may send everything into a tunnel", outcome="not_permitted")),
        ("H", "usb", Gap(what="HID features of the device on 1400-3", outcome="not_permitted")),
        ("H", "displays", Gap(what="EDID on dispext0", outcome="not_supported")),
    ],
)  # fmt: skip
def test_a_gap_that_can_hide_what_the_group_looks_for_greys_it(group: Group, kind: str, gap: Gap) -> None:
    items = (*view().sections[kind].items, gap)
    assert gap.what in grey(
        view(**{kind: SectionView(kind=kind, outcome="found", observed_at=NOW, items=items)}), group
    )


def test_a_laptop_that_cannot_tell_whether_it_is_a_guest_is_no_real_one() -> None:
    unknown = SectionView(kind="host", outcome="found", observed_at=NOW, items=(HostFacts(os="Windows 11 Pro"),))
    assert grey(view(host=unknown), "A") == "host: whether a hypervisor is under it is not known"


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
