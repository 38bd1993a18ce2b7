"""docs/privacy.md says all that leaves a laptop: each kind has a row, and each field was held against it.

A field that is new stops the test. Look whether the row of its kind covers it, say it there when it does not, and then
add it here.
"""

import re
from pathlib import Path

import msgspec
import pytest

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import KINDS, Observable

PAGE = Path(__file__).parent.parent / "docs" / "privacy.md"

#: What each observable tells, as the page's row of its kind covers it.
COVERED: dict[str, str] = {
    "host_facts": (
        "os os_version kernel vendor model chassis hypervisor serial platform_uuid time_zone"
        " utc_offset_minutes keyboard_layouts languages out_of_band"
    ),
    "usb_device": (
        "vendor_id product_id manufacturer product serial has_serial bcd_device bcd_usb"
        " device_class speed_mbps max_packet_size0 port_path configuration_index removable"
        " interfaces scsi fault"
    ),
    "remembered_usb": (
        "vendor_id product_id product bcd_device serial has_serial class_triples scsi installed_on"
        " last_arrival last_removal"
    ),
    "usb_over_ip": "name role",
    "bluetooth_adapter": "address powered bus",
    "bluetooth_device": (
        "kind name vendor_id product_id vendor_source address hid connected report_descriptor last_seen"
    ),
    "casting": "protocol role active",
    "display": (
        "connector internal virtual active_mode ddc edid_digest base_digest edid manufacturer"
        " product name serial_number serial week year size_cm fault"
    ),
    "remembered_display": (
        "manufacturer product name edid_digest base_digest edid serial_number serial week year"
        " installed_on last_arrival last_removal fault"
    ),
    "display_adapter": "name driver hardware_id virtual",
    "input_device": "name bus functions absolute vendor_id product_id driver",
    "input_day": "day method active slots watched shares",
    "input_timing": "day bus function vendor_id product_id absolute gaps events period_seconds",
    "process": (
        "name path user_writable deleted sha256 package signer original_name kernel_names run_by"
        " count first_start flags listens holds session_helper"
    ),
    "recent_program": "name path last_run",
    "package": "name version publisher installed_on source bundle",
    "service": "name kind path enabled running run_by login_window",
    "browser_extension": "browser id profiles by_policy",
    "native_host": "browser name path run_by",
    "listener": "protocol port scope owner path",
    "inbound_connection": "port peer owner path count rtt",
    "outbound_count": "owner path count",
    "network_interface": "name kind driver mtu bus up address",
    "gateway": "family interface address mac metric sources",
    "route": "destination interface",
    "name_server": "address",
    "neighbours": "interface oui count",
    "radio": "kind state",
    "wifi_connection": "interface bssid ssid band signal standard",
    "round_trips": (
        "landmark method family address count lost min_ms median_ms max_ms first_byte_ms mss ttl ttl_seen access "
        "problem"
    ),
    "measuring_round": ("plan began_at seconds skipped access gateway_ms control_ms dropped connects bytes path_mtu"),
    "session": "origin protocol user client since ended",
    "power_facts": "lid on_ac battery charge cycles suspends",
    "wake_lock": "owner what mode",
    "media_device": "what name virtual bus vendor_id product_id in_use",
    "media_use": "what app path last_used",
    "grant": "what app path allowed given_by",
    "arp_watch": "interface seconds frames",
    "arp_pattern": "interface sender own signs frames extra_bytes distinct entropy period_seconds",
    "agent_health": "rights clock_offset restarts frozen source_digest",
    "stopped_probe": "kind reason until",
    "spool_reset": "reset_at epoch first_lost last_lost",
}
#: Fields that tell one person, unit or place from another: always keyed, never plain.
KEYED = frozenset(
    {"serial", "serial_number", "address", "bssid", "ssid", "mac", "peer", "user", "client", "sender", "platform_uuid"}
)
#: A landmark is a server that the company named: its address tells nobody, and says where a name led.
PLAIN = frozenset({("round_trips", "address")})
#: One of these words in a field's name is a thing that is never told.
NEVER = ("title", "url", "argument", "cmdline", "command", "hostname", "email", "password", "clipboard", "contents")

TYPES = [(kind.kind, found) for kind in KINDS.values() for found in kind.observables]


def name_of(found: type[Observable]) -> str:
    return str(found.__struct_config__.tag)


def test_every_kind_has_a_row() -> None:
    rows = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == set(KINDS)


@pytest.mark.parametrize(("kind", "found"), TYPES, ids=[name_of(found) for _, found in TYPES])
def test_every_field_was_held_against_its_row(kind: str, found: type[Observable]) -> None:
    new = set(found.__struct_fields__) - set(COVERED.get(name_of(found), "").split())
    assert not new, f"say in the row of {kind} in docs/privacy.md what {sorted(new)} tells, then add it to COVERED"


@pytest.mark.parametrize(("kind", "found"), TYPES, ids=[name_of(found) for _, found in TYPES])
def test_what_tells_a_unit_or_a_person_is_keyed(kind: str, found: type[Observable]) -> None:
    for field in msgspec.structs.fields(found):
        keyed = "Identifier" in str(field.type)
        meant = field.name in KEYED and (name_of(found), field.name) not in PLAIN
        assert keyed == meant, f"{kind}: {name_of(found)}.{field.name}"
        assert not any(word in field.name for word in NEVER), field.name


def test_an_identifier_is_what_is_meant() -> None:
    assert Identifier.__name__ == "Identifier"
