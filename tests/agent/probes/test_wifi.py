"""What the wifi section gives away, whatever the platform: no name and no address in plain text."""

from typing import cast

import msgspec
import pytest

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import Host
from farmwatch_agent.host.windows.wlan import WlanInterface
from farmwatch_schema.identifiers import Keyer

from ..windows_host import WindowsFake


def test_names_and_addresses_travel_keyed_and_the_maker_readable() -> None:
    interface = WlanInterface(
        guid="{1}", connected=True, ssid="Ann's flat", bssid="00:00:5e:00:53:fe", phy=8, quality=60
    )
    host = WindowsFake(rows={"windows_wlan_interface": [interface]})
    (section,) = runner.run(
        cast("Host", host), Keyer(b"a key for tests only", "test"), Health(), ["wifi"], log=pytest.fail
    )
    assert section.outcome == "found"
    assert isinstance(section.items, msgspec.Raw)
    text = bytes(section.items).decode()
    assert "Ann" not in text
    assert "53:fe" not in text
    assert '"oui":"00005e"' in text
    assert '"standard":"802.11ac"' in text
