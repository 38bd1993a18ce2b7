"""Cameras, microphones and grants on macOS."""

import plistlib
from typing import Any, cast

import pytest

from farmwatch_agent.host import Host, Missing, NotPermitted, SourceBroken
from farmwatch_agent.host.macos.tcc import BELOW_HOME, SYSTEM, TccAccess
from farmwatch_agent.probes.media import macos
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.media import Grant, MediaDevice

from ..mac_host import MacFake, profile

ANNAS = f"/Users/anna/{BELOW_HOME}"


def seen(rows: Any = None, folders: Any = None, files: Any = None, **commands: Any) -> list[Any]:
    told = {"profile_cameras": profile("SPCameraDataType"), "profile_audio": profile("SPAudioDataType")} | commands
    mac = MacFake(told, files, {"/Users": ["anna"]} | (folders or {}), {SYSTEM: []} | (rows or {}))
    return list(macos.collect(cast("Host", mac)))


def camera(name: str, model: str) -> MediaDevice:
    (found,) = macos.parse_cameras([{"_name": name, "spcamera_model-id": model}])
    return found


def test_cameras_are_built_in_plugged_in_a_phone_or_made_by_a_program() -> None:
    # kolide/launcher's table of system_profiler shows the form of a USB camera's model
    assert camera("FaceTime HD Camera", "UVC Camera VendorID_1452 ProductID_34304").bus == "builtin"
    assert camera("MacBook Pro Camera", "MacBook Pro Camera").bus == "builtin"
    assert camera("HD Pro Webcam C920", "UVC Camera VendorID_1133 ProductID_2093") == MediaDevice(
        what="camera", name="HD Pro Webcam C920", virtual=False, bus="usb", vendor_id="046d", product_id="082d"
    )
    assert camera("Anna\u2019s iPhone Camera", "iPhone15,3") == MediaDevice(
        what="camera", name="iPhone15,3", virtual=False
    )
    assert camera("OBS Virtual Camera", "OBS Camera Extension").virtual is True
    assert camera("Capture", "Something") == MediaDevice(what="camera", name="Capture")


def test_a_plugged_in_camera_cannot_pose_as_built_in_by_its_name() -> None:
    assert camera("FaceTime HD Camera", "UVC Camera VendorID_1133 ProductID_2093").bus == "usb"


def test_microphones_are_devices_with_an_input_and_personal_ones_have_no_name() -> None:
    def item(name: str, transport: str, inputs: int = 1) -> dict[str, Any]:
        return {"_name": name, "coreaudio_device_input": inputs,
                "coreaudio_device_transport": f"coreaudio_device_type_{transport}"}  # fmt: skip

    found = macos.parse_microphones([{"_items": [
        item("MacBook Pro Microphone", "builtin"), item("BlackHole 2ch", "virtual"),
        item("Anna's AirPods", "bluetooth"), item("Speakers", "builtin", 0), {"_name": "no input"}]}])  # fmt: skip
    assert [(one.name, one.bus, one.virtual) for one in found] == [
        ("MacBook Pro Microphone", "builtin", False), ("BlackHole 2ch", "virtual", True), ("", "", False),
    ]  # fmt: skip


def test_what_makes_virtual_cameras_is_told_though_it_does_not_run() -> None:
    on, cameras = "activated_enabled", ["com.apple.system_extension.cmio"]
    database: dict[str, Any] = {"extensions": [
        {"identifier": "com.obsproject.obs-studio.mac-camera-extension", "state": on, "categories": cameras},
        {"identifier": "off", "state": "terminated_waiting_to_uninstall_on_reboot", "categories": cameras},
        {"identifier": "vpn", "state": on, "categories": ["com.apple.system_extension.network_extension"]},
        {"identifier": "odd", "state": on, "categories": 3}, "x"]}  # fmt: skip
    found = seen(
        folders={
            macos.CAMERA_PLUGINS: ["obs-mac-virtualcam.plugin", ".x"],
            macos.SOUND_PLUGINS: ["BlackHole2ch.driver"],
        },
        files={macos.EXTENSIONS: plistlib.dumps({"extensions": database["extensions"][:3]})},
    )
    assert [(one.what, one.name) for one in found] == [
        ("camera", "obs-mac-virtualcam"), ("microphone", "BlackHole2ch"),
        ("camera", "com.obsproject.obs-studio.mac-camera-extension"),
    ]  # fmt: skip
    assert len(macos.of_extensions(database)) == 1


@pytest.mark.parametrize(
    ("value", "reason", "allowed", "given_by"),
    [(2, 2, True, "user"), (0, 3, False, "user"), (2, 6, True, "policy"), (1, 10, None, ""), (3, 4, True, ""),
     (None, None, None, ""), (77, None, None, "")],
)  # fmt: skip
def test_a_grant_says_who_may_and_who_gave_it(value: Any, reason: Any, allowed: Any, given_by: str) -> None:
    row = TccAccess(service="kTCCServiceScreenCapture", client="com.anydesk", value=value, reason=reason)
    assert macos.of_grant(row) == Grant(what="screen", app="com.anydesk", allowed=allowed, given_by=given_by)


def test_a_program_by_path_is_told_without_its_owner() -> None:
    row = TccAccess(service="kTCCServicePostEvent", client="/Users/anna/bin/tool", client_type=1, value=2)
    assert macos.of_grant(row) == Grant(what="post_event", app="tool", path="~/bin/tool", allowed=True)
    assert macos.of_grant(TccAccess(service="kTCCServicePhotos", client="x")) is None


def test_grants_of_system_and_people_are_told_once_and_sorted() -> None:
    row = TccAccess(service="kTCCServiceCamera", client="us.zoom.xos", value=2)
    found = seen({SYSTEM: [row], ANNAS: [row, TccAccess(service="kTCCServiceAccessibility", client="a", value=0)]})
    assert [(grant.what, grant.app) for grant in found] == [("accessibility", "a"), ("camera", "us.zoom.xos")]


def test_without_full_disk_access_grants_are_a_gap_and_never_none() -> None:
    no = NotPermitted("Operation not permitted")
    assert seen({SYSTEM: no, ANNAS: no}) == [
        Gap(what="grants (TCC.db needs Full Disk Access)", outcome="not_permitted", count="2-4")
    ]
    assert seen({SYSTEM: Missing("x")}) == [
        Gap(what="grants: there is no TCC.db where it is known to be", outcome="not_supported")
    ]
    assert seen({ANNAS: SourceBroken("x")}) == [Gap(what="grants", outcome="broken", count="1")]


def test_a_profiles_grants_are_policy_in_old_and_new_words() -> None:
    # keys as munkicon reads them: Authorization since macOS 11, Allowed before
    both = {
        "kTCCServiceScreenCapture": {"Identifier": "com.a", "Authorization": "AllowStandardUserToSetSystemService"},
        "kTCCServiceAccessibility": {"Identifier": "com.a", "Authorization": "Allow"},
        "kTCCServicePhotos": {},
    }
    path = "/usr/local/bin/b"
    overrides = {
        "com.a": both, path: {"kTCCServicePostEvent": {"Identifier": path, "Allowed": False}},
        "odd": 3, "odder": {"kTCCServiceCamera": "x"},
    }  # fmt: skip
    assert macos.of_overrides(overrides) == [
        Grant(what="screen", app="com.a", given_by="policy"),
        Grant(what="accessibility", app="com.a", allowed=True, given_by="policy"),
        Grant(what="post_event", app="b", path="/usr/local/bin/b", allowed=False, given_by="policy"),
    ]


def test_each_list_that_cannot_be_asked_is_a_gap() -> None:
    hangs = SourceBroken("hangs")
    found = seen(profile_cameras=hangs, profile_audio=hangs, files={macos.EXTENSIONS: NotPermitted("no")})
    assert [(gap.what, gap.outcome) for gap in found] == [
        ("cameras", "broken"), ("microphones", "broken"), ("camera extensions", "not_permitted"),
    ]  # fmt: skip
