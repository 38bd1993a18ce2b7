"""Bluetooth on Windows: paired devices from nodes, records and the radio; casting; what refuses."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import NotSupported
from farmwatch_agent.host.capture import Answer, Capture
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.row import Row
from farmwatch_agent.host.windows.bluetooth import BluetoothPeer, BluetoothRadio, BluetoothRecord, record_of
from farmwatch_agent.host.windows.devices import WindowsDevice
from farmwatch_agent.host.windows.displays import DisplayTarget
from farmwatch_agent.host.windows.registry import RegistryKey
from farmwatch_agent.probes.bluetooth import windows
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice, Casting

NO = Answer(error="not_permitted", message="Windows error 5")
RADIO = WindowsDevice(instance=r"USB\VID_8087&PID_0029\5&2D3B&0&10", present=True, service="BTHUSB")
#: Forms of nodes: learn.microsoft.com, "Installing a Bluetooth Device"; ids of a Logitech K380 (046d:b342) and of an
#: MX Master over LE (046d:b023).
KEYBOARD = [
    WindowsDevice(instance=r"BTHENUM\DEV_001F20A1B2C3\7&1&0&BLUETOOTHDEVICE_001F20A1B2C3", present=True,
                  name="Keyboard K380", connected=True),
    WindowsDevice(present=True, instance=r"BTHENUM\{00001124-0000-1000-8000-00805F9B34FB}_VID&0002046D_PID&B342"
                  r"\7&1&0&001F20A1B2C3_C00000000"),
]  # fmt: skip
MOUSE = [
    WindowsDevice(instance=r"BTHLE\DEV_E4D5C6B7A899\7&2&0&E4D5C6B7A899", name="Anna's MX Master", connected=False),
    WindowsDevice(instance=r"BTHLEDEVICE\{00001812-0000-1000-8000-00805F9B34FB}_DEV_VID&02046D_PID&B023_REV&0011_"
                  r"E4D5C6B7A899\8&3&0&0023"),
]  # fmt: skip
PHONE = [WindowsDevice(instance=r"BTHENUM\DEV_A0B1C2D3E4F5\7&1&0&BLUETOOTHDEVICE_A0B1C2D3E4F5", name="Anna's phone"),
         WindowsDevice(instance=r"BTHENUM\{0000110A-0000-1000-8000-00805F9B34FB}_VID&0001004C_PID&7208"
                       r"\7&1&0&A0B1C2D3E4F5_C00000000")]  # fmt: skip


def answers(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"windows_device {windows.CLASS}": [RADIO],
        "windows_device BTHENUM": [*KEYBOARD, *PHONE],
        "windows_device BTHLE": MOUSE[:1],
        "windows_device BTHLEDEVICE": MOUSE[1:],
        "windows_bluetooth_radio": [BluetoothRadio(address="f83441a1b2c3")],
        "windows_bluetooth_record": [
            BluetoothRecord(address="001f20a1b2c3", name="Keyboard K380", class_of_device=0x2540, last_seen=1.79e9),
            BluetoothRecord(address="e4d5c6b7a899", appearance=0x3C2),
            BluetoothRecord(address="0c0c0c0c0c0c", name="removed long ago", class_of_device=0x2540),
        ],
        "windows_bluetooth_peer": [BluetoothPeer(address="001f20a1b2c3", class_of_device=0x2540, connected=True),
                                   BluetoothPeer(address="a0b1c2d3e4f5", class_of_device=0x7A020C)],
        "windows_display_target": [],
        f"windows_registry_key {windows.RECEIVER}": [RegistryKey()],
    }  # fmt: skip
    return {key: changes.get(key.replace(" ", "__"), value) for key, value in found.items()}


def seen(**changes: Any) -> list[Observable]:
    rows = {
        key: value
        if isinstance(value, Answer)
        else Answer(rows=[msgspec.Raw(msgspec.json.encode(row)) for row in value])
        for key, value in answers(**changes).items()
    }
    capture = Capture(format="farmwatch-capture", version=1, agent="test", platform="windows", pseudonymised=True,
                      now=1.79e9, uptime=60.0, euid=0, rows=rows)  # fmt: skip
    return list(windows.collect(ReplayingHost(capture)))


def test_paired_devices_are_told_by_kind_ids_and_state() -> None:
    assert [it for it in seen() if isinstance(it, BluetoothDevice)] == [
        BluetoothDevice(kind="keyboard", name="Keyboard K380", vendor_id="046d", product_id="b342", vendor_source="usb",
                        address=unkeyed("mac", "001f20a1b2c3"), hid=True, connected=True, last_seen="2026-09-21"),
        BluetoothDevice(kind="phone", vendor_id="004c", product_id="7208", vendor_source="bluetooth",
                        address=unkeyed("mac", "a0b1c2d3e4f5"), hid=False, connected=False),
        BluetoothDevice(kind="mouse", name="MX Master", vendor_id="046d", product_id="b023", vendor_source="usb",
                        address=unkeyed("mac", "e4d5c6b7a899"), hid=True, connected=False),
    ]  # fmt: skip


def test_the_radio_and_its_bus_are_told() -> None:
    assert [it for it in seen() if isinstance(it, BluetoothAdapter)] == [
        BluetoothAdapter(address=unkeyed("mac", "f83441a1b2c3"), powered=True, bus="usb")
    ]
    off = [it for it in seen(windows_bluetooth_radio=[]) if isinstance(it, BluetoothAdapter)]
    assert off == [BluetoothAdapter(bus="usb")]


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("windows_bluetooth_record", "what Windows keeps of Bluetooth devices"),
        ("windows_bluetooth_peer", "which Bluetooth devices are connected"),
        ("windows_bluetooth_radio", "address of the Bluetooth radio"),
        ("windows_display_target", "whether the screen is cast"),
        (f"windows_registry_key__{windows.RECEIVER}", "whether others may cast to this laptop"),
        ("windows_device__BTHLE", "paired Bluetooth devices"),
    ],
)
def test_each_source_that_refuses_is_a_gap_and_the_rest_is_told(question: str, what: str) -> None:
    found = seen(**{question: NO})
    assert [it for it in found if isinstance(it, Gap)] == [Gap(what=what, outcome="not_permitted")]
    assert any(isinstance(it, BluetoothDevice) and it.kind == "keyboard" for it in found)


def test_without_radio_and_devices_there_is_nothing_to_ask() -> None:
    nothing = {f"windows_device__{of}": Answer(error="missing", message="")
               for of in (windows.CLASS, "BTHENUM", "BTHLE", "BTHLEDEVICE")}  # fmt: skip
    with pytest.raises(NotSupported):
        seen(**nothing)


def test_casting_is_told_both_ways() -> None:
    found = seen(
        windows_display_target=[DisplayTarget(technology=15)],
        **{f"windows_registry_key__{windows.RECEIVER}": [RegistryKey(numbers={"AutoEnabled": 1})]},
    )
    assert [it for it in found if isinstance(it, Casting)] == [
        Casting(protocol="miracast", role="sender", active=True),
        Casting(protocol="miracast", role="receiver"),
    ]
    wrong = {f"windows_registry_key__{windows.RECEIVER}": [RegistryKey(texts={"AutoEnabled": "1"})]}
    assert Gap(what="whether others may cast to this laptop", outcome="broken") in seen(**wrong)


def test_a_record_is_read_by_type_and_a_wrong_type_counts_as_not_kept() -> None:
    # Values as RegRipper's bthport plugin reads them: Name as bytes, COD as a number, LastSeen as a FILETIME.
    key = RegistryKey(
        data={"Name": b"Keyboard K380\0", "VID": b"x"}, numbers={"COD": 0x2540, "LastSeen": 134397792000000000},
        texts={"PID": "b342"},
    )  # fmt: skip
    assert record_of(key, "001F20A1B2C3") == BluetoothRecord(
        address="001f20a1b2c3", name="Keyboard K380", class_of_device=0x2540, last_seen=1795305600.0
    )


def test_a_capture_may_hold_no_address_and_no_persons_name() -> None:
    rows: list[Row] = [PHONE[0], *answers()["windows_bluetooth_record"], *answers()["windows_bluetooth_peer"]]
    words = {word for row in rows for word in row.identifying()}
    assert {"A0B1C2D3E4F5", "Anna's phone", "001f20a1b2c3", "001F20A1B2C3", "Keyboard K380"} <= words


@given(st.text(max_size=60), st.text(max_size=20), st.integers(-1, 1 << 40))
def test_no_answer_of_windows_breaks_the_probe(instance: str, name: str, number: int) -> None:
    node = WindowsDevice(instance=f"BTHENUM\\DEV_{instance}", name=name, present=True)
    record = BluetoothRecord(address=instance, name=name, class_of_device=number, vendor_id=number, vendor_source=2,
                             last_seen=float(number) * 1e9)  # fmt: skip
    list(windows.parse_devices([node, *KEYBOARD], {instance: record, "001f20a1b2c3": record}, {}))
