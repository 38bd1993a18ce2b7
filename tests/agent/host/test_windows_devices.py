"""The readers of devices, hubs, HID, displays and Bluetooth against libraries played by the test.

tests/soak/wine shows that the calls have the right form; Wine has no devices, so what Windows would answer is played.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import pytest

from farmwatch_agent.host import HostError, Missing, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.windows import bluetooth, devices, displays, hid, usb_hubs
from farmwatch_agent.host.windows.devices import PROPERTIES, PropertyKey, WindowsDevice, guid_bytes, problem_of

INSTANCE = r"USB\VID_1D6B&PID_0104\CAFEBABE"
GONE = r"USB\VID_046D&PID_C31C\5&2A&0&1"


class Function:
    """A function of a library: takes argtypes and restype as ctypes has them, and checks the arguments with them."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer
        self.argtypes: Any = None
        self.restype: Any = None

    def __call__(self, *given: Any) -> Any:
        assert self.argtypes is not None, "argtypes are not set"
        assert len(self.argtypes) == len(given)
        for value, kind in zip(given, self.argtypes, strict=True):
            kind.from_param(value)
        return self.answer(*given)


class Library:
    def __init__(self, **functions: Callable[..., Any]) -> None:
        for name, answer in functions.items():
            setattr(self, name, Function(answer))


def play(monkeypatch: pytest.MonkeyPatch, **libraries: Library) -> None:
    for module in (devices, hid, usb_hubs, displays, bluetooth):
        if hasattr(module, "library"):
            monkeypatch.setattr(module, "library", lambda name: libraries[name])
        if hasattr(module, "last_error"):
            monkeypatch.setattr(module, "last_error", lambda: 5)


def noting(found: list[Any]) -> Callable[[Any], int]:
    """Returns a function that notes what it is given, such as a handle that is closed."""

    def note(given: Any) -> int:
        found.append(getattr(given, "value", given))
        return 1

    return note


def pointed(reference: Any) -> Any:
    return reference._obj


def wide(*texts: str) -> bytes:
    return "".join(f"{text}\0" for text in texts).encode("utf-16-le")


class Manager:
    """cfgmgr32 with two devices, one there and one gone."""

    def __init__(self, **errors: int) -> None:
        self.errors = errors
        self.grown = 0
        there, was = 7, 8
        self.nodes = {INSTANCE: there, GONE: was}
        by_name = {name: (guid_bytes(category), number) for name, category, number in PROPERTIES}
        self.values = {
            (there, by_name["hardware_ids"]): (0x2012, wide(r"USB\VID_1D6B&PID_0104&REV_0100", "") + b"\0\0"),
            (there, by_name["reported"]): (0x12, wide("x" * 900)),
            (there, by_name["address"]): (7, b"\x03\0\0\0"),
            (there, by_name["service"]): (7, b"\x03\0\0\0"),
            (was, by_name["last_removal"]): (0x10, (134397792000000000).to_bytes(8, "little")),
            (was, by_name["last_parent"]): (0x12, wide(r"USB\ROOT_HUB30\4&1")),
        }
        self.library = Library(
            CM_Get_Device_ID_List_SizeW=self.size, CM_Get_Device_ID_ListW=self.list, CM_Locate_DevNodeW=self.locate,
            CM_Get_DevNode_PropertyW=self.property,
        )  # fmt: skip

    def size(self, length: Any, of: str, flags: int) -> int:
        assert flags == (0x200 if of.startswith("{") else 1)
        pointed(length).value = len(wide(INSTANCE, GONE)) // 2 + 1
        return self.errors.get("size", 0)

    def list(self, of: str, buffer: Any, length: int, flags: int) -> int:
        if self.grown < self.errors.get("grown", 0):
            self.grown += 1
            return 0x1A
        data = wide(INSTANCE, GONE, r"USB\VANISHED\1")
        assert ctypes.sizeof(buffer) == 2 * length
        ctypes.memmove(buffer, data, len(data))
        return 0

    def locate(self, node: Any, instance: str, flags: int) -> int:
        number = self.nodes.get(instance)
        if number is None or (number == 8 and flags == 0):
            return 0x0D
        pointed(node).value = number
        return 0

    def property(self, node: Any, key: Any, kind: Any, buffer: Any, size: Any, flags: int) -> int:
        wanted: PropertyKey = pointed(key)
        found = self.values.get((node.value, (bytes(wanted.category), wanted.number)))
        if found is None:
            return 0x25
        if pointed(size).value < len(found[1]):
            pointed(size).value = len(found[1])
            return 0x1A
        pointed(kind).value, pointed(size).value = found[0], len(found[1])
        ctypes.memmove(buffer, found[1], len(found[1]))
        return 0


@pytest.mark.parametrize("grown", [0, 2])
def test_devices_there_and_gone_are_listed_with_what_each_has(monkeypatch: pytest.MonkeyPatch, grown: int) -> None:
    play(monkeypatch, cfgmgr32=Manager(grown=grown).library)
    assert WindowsDevice.live("USB") == [
        # A property of another type than it must have counts as absent; a long one is asked for twice.
        WindowsDevice(instance=INSTANCE, present=True, hardware_ids=(r"USB\VID_1D6B&PID_0104&REV_0100",),
                      reported="x" * 900, address=3),
        WindowsDevice(instance=GONE, parent=r"USB\ROOT_HUB30\4&1", last_removal=1795305600.0),
    ]  # fmt: skip


def test_a_list_that_grows_for_ever_is_broken_and_a_refused_one_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, cfgmgr32=Manager(grown=9).library)
    with pytest.raises(SourceBroken):
        WindowsDevice.live("USB")
    play(monkeypatch, cfgmgr32=Manager(size=0x33).library)
    with pytest.raises(NotPermitted):
        WindowsDevice.live("{4d36e968-e325-11ce-bfc1-08002be10318}")


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0x33, NotPermitted), (0x0D, Missing), (0x25, Missing), (0x34, NotSupported), (0x13, SourceBroken)],
)
def test_errors_of_the_configuration_manager_keep_their_meaning(number: int, kind: type[HostError]) -> None:
    assert type(problem_of(number, "x")) is kind


def with_interface(*paths: str) -> Library:
    def size(length: Any, guid: Any, instance: str, flags: int) -> int:
        pointed(length).value = len(wide(*paths)) // 2 + 1
        return 0

    def names(guid: Any, instance: str, buffer: Any, length: int, flags: int) -> int:
        data = wide(*paths)
        ctypes.memmove(buffer, data, len(data))
        return 0

    return Library(CM_Get_Device_Interface_List_SizeW=size, CM_Get_Device_Interface_ListW=names)


def test_a_hub_is_opened_without_access_and_closed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Any] = []

    def create(path: str, access: int, share: int, security: Any, how: int, flags: int, template: Any) -> int:
        assert (access, share, how) == (0, 3, 3)
        return 64

    def control(
        handle: int, code: int, given: Any, size: int, back: Any, room: int, length: Any, overlapped: Any
    ) -> int:
        if code == usb_hubs.GET_NODE_INFORMATION:
            data = bytes(4) + bytes((9, 0x29, 1)) + bytes(69)
        else:
            data = b"\1\0\0\0" + bytes(31)  # nothing in port 1
        assert len(data) <= room
        ctypes.memmove(back, data, len(data))
        pointed(length).value = len(data)
        return 1

    kernel = Library(CreateFileW=create, DeviceIoControl=control, CloseHandle=noting(closed))
    play(monkeypatch, cfgmgr32=with_interface(r"\\?\USB#ROOT_HUB30#4&1#{guid}"), kernel32=kernel)
    assert usb_hubs.UsbPort.live(r"USB\ROOT_HUB30\4&1") == []
    assert closed == [64]


def test_a_hub_that_may_not_be_opened_is_not_permitted_and_one_without_interface_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusing = Library(CreateFileW=lambda *_: ctypes.c_void_p(-1).value, DeviceIoControl=lambda *_: 0,
                       CloseHandle=lambda _: 1)  # fmt: skip
    parser = Library(HidD_GetPreparsedData=lambda *_: 0, HidD_FreePreparsedData=lambda _: 1)
    play(monkeypatch, cfgmgr32=with_interface(r"\\?\USB#ROOT_HUB30#4&1#{guid}"), kernel32=refusing, hid=parser)
    with pytest.raises(NotPermitted):
        usb_hubs.UsbPort.live(r"USB\ROOT_HUB30\4&1")
    with pytest.raises(NotPermitted):
        hid.HidCollection.live(r"HID\VID_1D6B&PID_0104\1")
    play(monkeypatch, cfgmgr32=with_interface(), kernel32=refusing, hid=parser)
    with pytest.raises(NotSupported):
        usb_hubs.UsbPort.live(r"USB\ROOT_HUB30\4&1")
    with pytest.raises(Missing):
        hid.HidCollection.live(r"HID\VID_1D6B&PID_0104\1")


def test_a_collection_tells_its_fields_and_frees_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[Any] = []

    def preparsed(handle: int, into: Any) -> int:
        pointed(into).value = 4096
        return 1

    def caps(parsed: Any, into: Any) -> int:
        found: hid.HidCaps = pointed(into)
        found.UsagePage, found.Usage, found.InputReportByteLength = 1, 2, 8
        found.NumberInputValueCaps, found.NumberInputButtonCaps, found.NumberLinkCollectionNodes = 2, 1, 1
        return 0x110000

    def values(kind: int, into: Any, length: Any, parsed: Any) -> int:
        for axis, cap in zip((0x30, 0x31), into, strict=True):
            cap.UsagePage, cap.UsageMin, cap.BitSize, cap.LogicalMax, cap.IsAbsolute, cap.ReportID = (
                1,
                axis,
                16,
                32767,
                1,
                1,
            )
        return 0x110000

    def buttons(kind: int, into: Any, length: Any, parsed: Any) -> int:
        into[0].UsagePage, into[0].ReportID = 9, 1
        return 0x110000

    def nodes(into: Any, length: Any, parsed: Any) -> int:
        into[0].LinkUsagePage, into[0].LinkUsage = 1, 2
        return 0x110000

    library = Library(HidD_GetPreparsedData=preparsed, HidD_FreePreparsedData=noting(freed),
                      HidP_GetCaps=caps, HidP_GetValueCaps=values, HidP_GetButtonCaps=buttons,
                      HidP_GetLinkCollectionNodes=nodes)  # fmt: skip
    kernel = Library(CreateFileW=lambda *_: 64, CloseHandle=noting(freed))
    play(monkeypatch, cfgmgr32=with_interface(r"\\?\HID#VID_1D6B#1#{guid}"), kernel32=kernel, hid=library)
    (found,) = hid.HidCollection.live(r"HID\VID_1D6B&PID_0104\1")
    assert (found.page, found.usage, found.nodes, found.buttons, found.report_ids) == (1, 2, ((1, 2),), (9,), (1,))
    assert [(it.first, it.bits, it.absolute, it.maximum) for it in found.fields] == [
        (0x30, 16, True, 32767),
        (0x31, 16, True, 32767),
    ]
    assert freed == [4096, 64]


def test_paired_devices_are_walked_and_the_search_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []

    def first(wanted: Any, info: Any) -> int:
        assert pointed(wanted).dwSize == 40
        assert pointed(wanted).fIssueInquiry == 0
        assert pointed(info).dwSize == 560
        pointed(info).Address, pointed(info).ulClassofDevice, pointed(info).fConnected = 0x001F20A1B2C3, 0x2540, 1
        return 64

    library = Library(BluetoothFindFirstDevice=first, BluetoothFindNextDevice=lambda *_: 0,
                      BluetoothFindDeviceClose=noting(closed))  # fmt: skip
    play(monkeypatch, bluetoothapis=library)
    assert bluetooth.BluetoothPeer.live("") == [
        bluetooth.BluetoothPeer(address="001f20a1b2c3", class_of_device=0x2540, connected=True)
    ]
    assert closed == [64]


def test_displays_that_want_a_desktop_are_not_permitted_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(GetDisplayConfigBufferSizes=lambda *_: 5, QueryDisplayConfig=lambda *_: 5)
    play(monkeypatch, user32=library)
    with pytest.raises(NotPermitted):
        displays.DisplayTarget.live("")
