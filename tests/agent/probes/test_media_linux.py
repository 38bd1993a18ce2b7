"""Cameras and microphones on Linux: sysfs as v4l2-dev.c writes it, /proc/asound as procfile.rst describes it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes import linux_pass
from farmwatch_agent.probes.media import linux
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.media import MediaDevice, MediaUse

from ..linux_tree import Tree, look, section

#: As `cat /proc/asound/cards` prints it; the second and third as in public bug reports of snd-aloop and USB webcams.
CARDS = """ 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7d10000 irq 30
 1 [CAMERA         ]: USB-Audio - USB2.0 PC CAMERA
                      Generic USB2.0 PC CAMERA at usb-0000:00:1a.0-1.2, high speed
 2 [Loopback       ]: Loopback - Loopback
                      Loopback 1
 3 [NVidia         ]: HDA-Intel - HDA NVidia
                      HDA NVidia at 0xf7080000 irq 17
"""
CLOSED = "closed\n"
RUNNING = "state: RUNNING\nowner_pid   : 1234\ntrigger_time: 1.0\n"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    linux_pass.forget()
    tree = Tree(tmp_path)
    usb = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-7/1-7:1.0"
    tree.file("/sys/devices/pci0000:00/0000:00:14.0/usb1/1-7/idVendor", "1908\n")
    tree.file("/sys/devices/pci0000:00/0000:00:14.0/usb1/1-7/idProduct", "2311\n")
    tree.link(f"{usb}/driver", "/sys/bus/usb/drivers/uvcvideo")
    tree.link(f"{usb}/subsystem", "/sys/bus/usb")
    for number, index in ((0, "0"), (1, "1")):
        camera(tree, f"{usb}/video4linux", number, "USB2.0 PC CAMERA: USB2.0 PC CAM", index, device="../../../1-7:1.0")
    tree.file("/proc/asound/cards", CARDS)
    tree.file("/proc/asound/card0/pcm0c/sub0/status", CLOSED)
    tree.file("/proc/asound/card0/pcm0p/sub0/status", RUNNING)
    tree.file("/proc/asound/card1/usbid", "1908:2311\n")
    tree.file("/proc/asound/card1/pcm0c/sub0/status", RUNNING)
    tree.file("/proc/asound/card2/pcm0c/sub0/status", CLOSED)
    tree.file("/proc/asound/card3/pcm3p/sub0/status", CLOSED)
    tree.link("/sys/class/sound/card0/device/subsystem", "/sys/bus/pci")
    tree.process(1, "systemd", "/usr/lib/systemd/systemd")
    return tree


def camera(tree: Tree, folder: str, number: int, name: str, index: str = "0", device: str = "") -> None:
    tree.file(f"{folder}/video{number}/name", name + "\n")
    tree.file(f"{folder}/video{number}/index", index + "\n")
    if device:
        tree.link(f"{folder}/video{number}/device", device)
    tree.link(f"/sys/class/video4linux/video{number}", f"{folder}/video{number}")


def devices(tree: Tree) -> set[MediaDevice]:
    return {item for item in look(tree.host(), "media") if isinstance(item, MediaDevice)}


def test_a_webcam_is_one_camera_and_one_microphone_with_its_ids(tree: Tree) -> None:
    found = devices(tree)
    assert MediaDevice(
        what="camera", name="USB2.0 PC CAMERA: USB2.0 PC CAM", virtual=False, bus="usb", vendor_id="1908",
        product_id="2311",
    ) in found  # fmt: skip
    assert MediaDevice(
        what="microphone", name="USB2.0 PC CAMERA", virtual=False, bus="usb", vendor_id="1908", product_id="2311",
        in_use=True,
    ) in found  # fmt: skip
    assert sum(item.what == "camera" for item in found) == 1


def test_what_only_plays_is_no_microphone_and_a_loopback_card_is_virtual(tree: Tree) -> None:
    assert {
        (item.name, item.virtual, item.bus, item.in_use) for item in devices(tree) if item.what == "microphone"
    } == {
        ("HDA Intel PCH", False, "pci", False),
        ("USB2.0 PC CAMERA", False, "usb", True),
        ("Loopback", True, "virtual", False),
    }


def test_cameras_made_by_software_are_virtual(tree: Tree) -> None:
    # v4l2loopback has no parent device; akvcam's is a platform device with a driver of that name.
    camera(tree, "/sys/devices/virtual/video4linux", 10, "OBS Virtual Camera")
    tree.link("/sys/devices/platform/akvcam.0/driver", "/sys/bus/platform/drivers/akvcam")
    tree.link("/sys/devices/platform/akvcam.0/subsystem", "/sys/bus/platform")
    camera(tree, "/sys/devices/platform/akvcam.0/video4linux", 11, "Virtual Camera", device="../../../akvcam.0")
    found = {item.name: (item.virtual, item.bus) for item in devices(tree) if item.what == "camera"}
    assert found["OBS Virtual Camera"] == (True, "virtual")
    assert found["Virtual Camera"] == (True, "virtual")


def test_the_many_nodes_of_an_image_processor_are_one_camera(tree: Tree) -> None:
    tree.link("/sys/devices/pci0000:00/0000:00:05.0/subsystem", "/sys/bus/pci")
    for number in range(20, 52):
        folder = "/sys/devices/pci0000:00/0000:00:05.0/video4linux"
        camera(tree, folder, number, f"Intel IPU6 ISYS Capture {number - 20}", device="../../../0000:00:05.0")
    assert [item.name for item in devices(tree) if item.bus == "pci" and item.what == "camera"] == [
        "Intel IPU6 ISYS Capture"
    ]


def test_programs_that_look_or_listen_now_are_told(tree: Tree) -> None:
    tree.process(40, "zoom", "/opt/zoom/zoom", uid=1000, open_files=("/dev/video0", "/home/anna/film.mkv"))
    tree.process(41, "arecord", "/usr/bin/arecord", uid=1000, open_files=("/dev/snd/pcmC1D0c", "/dev/snd/pcmC0D0p"))
    found = look(tree.host(), "media")
    assert {item for item in found if isinstance(item, MediaUse)} == {
        MediaUse(what="camera", app="zoom", path="/opt/zoom/zoom"),
        MediaUse(what="microphone", app="arecord", path="/usr/bin/arecord"),
    }
    assert [item.in_use for item in found if isinstance(item, MediaDevice) and item.what == "camera"] == [True]


def test_other_users_programs_are_a_gap_for_an_ordinary_user(tree: Tree) -> None:
    tree.process(40, "zoom", "/opt/zoom/zoom", uid=1000)
    tree.folder("/proc/40/fd", 0o500)
    found = look(tree.host(euid=1000), "media")
    assert Gap(what="which programs use cameras and microphones", outcome="not_permitted") in found
    tree.folder("/sys/class/video4linux", 0o700)
    assert Gap(what="cameras", outcome="not_permitted") in look(tree.host(euid=1000), "media")


def test_a_desktops_grants_are_a_gap_where_it_keeps_any(tree: Tree) -> None:
    tree.file("/home/anna/.local/share/flatpak/db/documents", b"GVariant")
    assert not [item for item in look(tree.host(), "media") if isinstance(item, Gap)]
    tree.file("/home/anna/.local/share/flatpak/db/remote-desktop", b"GVariant")
    assert Gap(what="grants of desktop portals", outcome="not_supported", count="1") in look(tree.host(), "media")


def test_a_kernel_without_video_and_sound_says_so_and_one_without_devices_is_none(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert section(tree.host(), "media").outcome == "not_supported"
    tree.file("/proc/asound/cards", "--- no soundcards ---\n")
    assert section(tree.host(), "media").outcome == "none"


@given(st.text(max_size=200), st.binary(max_size=50))
def test_hostile_tables_make_no_error(text: str, data: bytes) -> None:
    linux.parse_cards(text)
    linux.parse_cards(" 0 [" + text)
    linux.parse_status(data.decode("latin-1"))
