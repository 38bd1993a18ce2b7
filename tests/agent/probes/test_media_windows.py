"""Cameras, microphones and uses on Windows, from device lists and CapabilityAccessManager's keys."""

from typing import Any, cast

import pytest

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.host.windows.devices import WindowsDevice
from farmwatch_agent.probes.media import windows
from farmwatch_agent.probes.windows_users import PROFILES
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.media import Grant, MediaDevice, MediaUse

from ..windows_host import WindowsFake

SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
STORE = rf"HKU\{SID}\{windows.STORE}"
#: 2026-11-20 12:00 UTC: FILETIME counts 100 ns from 1601, 11,644,473,600 s before 1970.
FRIDAY = (1_795_176_000 + 11_644_473_600) * 10_000_000


def laptop(**changes: Any) -> WindowsFake:
    given: dict[str, Any] = {
        "rows": {
            f"windows_device {windows.CAMERA}": [
                WindowsDevice(
                    instance=r"USB\VID_04F2&PID_B76F&MI_00\6&1A2B3C4D&0&0000", present=True, name="Integrated Camera"
                ),
                WindowsDevice(instance=r"SWD\VCAMDEVAPI\1A2B", present=True, name="Jo's phone"),
                WindowsDevice(instance=r"USB\VID_046D&PID_0825\X", present=False, name="Old webcam"),
            ],
            f"windows_device {windows.IMAGE}": [
                WindowsDevice(instance=r"USB\VID_04B8&PID_0001\X", present=True, name="Scanner", service="usbscan")
            ],
            f"windows_device {windows.AUDIO_ENDPOINT}": [
                WindowsDevice(
                    instance=r"SWD\MMDEVAPI\{0.0.1.00000000}.{A}", present=True, name="Microphone Array",
                    parent=r"INTELAUDIO\FUNC_01&VEN_10EC\4&1",
                ),
                WindowsDevice(
                    instance=r"SWD\MMDEVAPI\{0.0.1.00000000}.{B}", present=True, name="CABLE Output",
                    parent=r"ROOT\MEDIA\0000",
                ),
                WindowsDevice(instance=r"SWD\MMDEVAPI\{0.0.0.00000000}.{C}", present=True, name="Speakers"),
                WindowsDevice(
                    instance=r"SWD\MMDEVAPI\{0.0.1.00000000}.{D}", present=True, name="Headset (Jo's Buds)",
                    parent=r"BTHENUM\{0000111e-0000-1000-8000-00805f9b34fb}\7&1",
                ),
            ],
        },
        "keys": {"HKU": {"keys": (SID,)}},
        "branches": {
            PROFILES: {SID: {"ProfileImagePath": r"C:\Users\jdoe"}},
            rf"HKLM\SOFTWARE\Classes\{windows.FILTERS}": {
                "{A3FCE0F5-3493-419F-958A-ABA1250EC20B}": {"FriendlyName": "OBS Virtual Camera"}
            },
            rf"{STORE}\webcam": {
                "Microsoft.WindowsCamera_8wekyb3d8bbwe": {
                    "Value": "Allow", "LastUsedTimeStart": FRIDAY - 10, "LastUsedTimeStop": FRIDAY,
                },
                "NonPackaged": {"Value": "Allow"},
                "Never.Used_8wekyb3d8bbwe": {"Value": "Allow"},
            },
            rf"{STORE}\webcam\NonPackaged": {
                "C:#Users#jdoe#AppData#Roaming#Zoom#bin#Zoom.exe": {
                    "LastUsedTimeStart": FRIDAY, "LastUsedTimeStop": 0,
                }
            },
            rf"{STORE}\graphicsCaptureProgrammatic": {"Example.Recorder_8wekyb3d8bbwe": {"Value": "Deny"}},
        },
    }  # fmt: skip
    for name, values in changes.items():
        given[name] = {**given.get(name, {}), **values}
    return WindowsFake(**given)


def seen(host: WindowsFake) -> list[Any]:
    return list(windows.collect(cast("Host", host)))


def test_devices_uses_and_grants_are_told() -> None:
    assert seen(laptop()) == [
        MediaDevice(
            what="camera", name="Integrated Camera", virtual=False, bus="usb", vendor_id="04f2", product_id="b76f"
        ),
        # A phone in a camera's place is called by its owner.
        MediaDevice(what="camera", virtual=True, bus="virtual"),
        MediaDevice(what="camera", name="OBS Virtual Camera", virtual=True, bus="virtual"),
        MediaDevice(what="microphone", name="Microphone Array", virtual=False, bus="builtin"),
        MediaDevice(what="microphone", name="CABLE Output", virtual=True, bus="virtual"),
        # A headset is called after its owner.
        MediaDevice(what="microphone"),
        MediaUse(what="camera", app="Microsoft.WindowsCamera_8wekyb3d8bbwe", last_used="2026-11-20"),
        MediaUse(what="camera", app="Zoom.exe", path=r"~\AppData\Roaming\Zoom\bin\Zoom.exe"),
        Grant(what="screen", app="Example.Recorder_8wekyb3d8bbwe", allowed=False, given_by="user"),
    ]


def test_a_laptop_without_any_yields_nothing() -> None:
    assert seen(WindowsFake(keys={"HKU": {"keys": ()}}, branches={PROFILES: {}})) == []


def test_what_may_not_be_read_is_a_gap() -> None:
    host = laptop(
        rows={
            f"windows_device {windows.CAMERA}": NotPermitted("no"),
            f"windows_device {windows.AUDIO_ENDPOINT}": SourceBroken("no"),
        },
        branches={
            rf"HKLM\SOFTWARE\Classes\{windows.FILTERS}": NotPermitted("no"),
            rf"HKLM\{windows.STORE}\webcam": NotPermitted("no"),
            rf"{STORE}\webcam": NotPermitted("no"),
            rf"{STORE}\microphone": {"X": {"problem": "broken"}},
        },
    )
    assert [item for item in seen(host) if isinstance(item, Gap)] == [
        Gap(what="cameras", outcome="not_permitted"),
        Gap(what="cameras that software registers", outcome="not_permitted"),
        Gap(what="microphones", outcome="broken"),
        Gap(what="uses of camera, microphone and screen", outcome="not_permitted"),
        Gap(what="uses of camera, microphone and screen", outcome="broken", count="1"),
        Gap(what="registry of other users", outcome="not_permitted", count="1"),
    ]


def test_one_program_used_under_two_accounts_is_told_with_its_latest_day() -> None:
    used = {"LastUsedTimeStart": FRIDAY, "LastUsedTimeStop": FRIDAY}
    earlier = {"LastUsedTimeStart": FRIDAY, "LastUsedTimeStop": FRIDAY - 864_000_000_000 * 3}
    host = laptop(
        branches={
            rf"HKLM\{windows.STORE}\microphone\NonPackaged": {"C:#x.exe": earlier},
            rf"{STORE}\microphone\NonPackaged": {"C:#x.exe": used},
        }
    )
    assert [item.last_used for item in seen(host) if getattr(item, "app", "") == "x.exe"] == ["2026-11-20"]


@pytest.mark.parametrize("value", ["text", b"\x01", ()])
def test_a_time_of_another_type_is_no_use(value: Any) -> None:
    host = laptop(branches={rf"{STORE}\webcam\NonPackaged": {"C:#x.exe": {"LastUsedTimeStart": value}}})
    assert not [item for item in seen(host) if getattr(item, "app", "") == "x.exe"]
