"""The device page's table of networks."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from farmwatch_collector.console.exits_view import ExitRow, exit_rows
from farmwatch_collector.console.rendering import _templates
from farmwatch_detectors.placing import Egress

from .memory import KEYER, NOW, SCRIPT

DAY = timedelta(days=1)


def egress(address: str, first: datetime, last: datetime, **more: Any) -> Egress:
    values: dict[str, Any] = {"kind": "vpn", "asn": 64496, "network": "Example Tunnels", "country": "RO", **more}
    days = tuple(date.fromordinal(day) for day in range(first.date().toordinal(), last.date().toordinal() + 1))
    return Egress(address=KEYER.key("address", address), seen_from=first, seen_until=last, days=days, **values)


def shown(found: list[Egress]) -> str:
    return _templates.get_template("exits.html").render(exits=exit_rows(found))


def test_addresses_of_one_network_are_one_row_and_the_latest_comes_first() -> None:
    found = [
        egress("192.0.2.1", NOW - 9 * DAY, NOW - 8 * DAY),
        egress("192.0.2.2", NOW - 8 * DAY, NOW - 2 * DAY),
        egress("192.0.2.3", NOW - DAY, NOW, kind="residential", network="Example Cable", country="US"),
    ]
    assert exit_rows(found) == [
        ExitRow("Example Cable", 64496, "homes' lines", "US", 1, 2, NOW - DAY, NOW),
        ExitRow("Example Tunnels", 64496, "VPN", "RO", 2, 8, NOW - 9 * DAY, NOW - 2 * DAY),
    ]


def test_the_page_names_network_class_and_country_and_no_address() -> None:
    page = shown([egress("192.0.2.1", NOW - DAY, NOW)])
    assert "Example Tunnels" in page
    assert "VPN" in page
    assert "192.0.2.1" not in page
    assert KEYER.key("address", "192.0.2.1").digest not in page
    assert "DB-IP" in page


def test_what_is_not_known_is_said_and_a_hostile_name_stays_text() -> None:
    nothing = egress("192.0.2.1", NOW, NOW, kind="", asn=0, network="", country="")
    assert shown([nothing]).count("not known") == 3
    page = shown([msgspec.structs.replace(nothing, network=SCRIPT)])
    assert "<script" not in page
    assert "is not known" in shown([])
