"""What a capture must not hold, searched for as bytes; and that a replay of it still says the same."""

import gzip
import re
import struct
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, capture
from farmwatch_agent.host.addresses import AddressBook
from farmwatch_agent.host.capture import Answer, Capture
from farmwatch_agent.host.process_list import RunningProcess
from farmwatch_agent.host.pseudonyms import pseudonymised
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.host.windows.registry import RegistryBranch, RegistryKey
from farmwatch_agent.probes.displays import linux as displays
from farmwatch_agent.probes.usb import linux as usb
from farmwatch_schema.formats import edid
from farmwatch_schema.identifiers import Keyer, Unkeyed, address_scope, shape_of
from farmwatch_schema.observables.displays import Display, DisplayAdapter
from farmwatch_schema.observables.usb import UsbDevice

from ...cases import builders, machines
from ..windows_host import WindowsFake

KEY = b"for tests only"


def captured(**files: str | bytes) -> Capture:
    """Returns a capture of files, their paths written with __ for /."""
    answers = {
        "/" + name.replace("__", "/"): Answer(text=content) if isinstance(content, str) else Answer(data=content)
        for name, content in files.items()
    }
    return Capture(
        format="farmwatch-capture", version=1, agent="0", platform="linux", pseudonymised=False, now=0, uptime=0,
        euid=0, read=answers,
    )  # fmt: skip


def changed(**files: str | bytes) -> dict[str, str]:
    """Returns the text of each file after pseudonymisation, by path."""
    return {path: answer.text or "" for path, answer in pseudonymised(captured(**files), KEY).read.items()}


def test_people_of_sessions_domains_and_units_are_not_in_a_capture() -> None:
    made = captured(
        run__systemd__sessions__3="UID=1000\nUSER=mroewer\nREMOTE=1\n",
        home__CORP__kschulz__x="text of kschulz",
        etc__x="x",
    )
    made.names["/etc/systemd/system/multi-user.target.wants"] = Answer(
        names=["syncthing@tbraun.service", "getty@tty1.service", "user@1000.service", "wg-quick@wg0.service"]
    )
    made.read["/etc/cron.d/sync"] = Answer(text="@daily fvogel /usr/bin/sync\n@daily root /usr/bin/true\n")
    made.link["/proc/7/exe"] = Answer(target="/media/hlorenz/STICK/bin/x")
    made.read["/usr/lib/systemd/system/syncthing@tbraun.service"] = Answer(text="x")
    plain = gzip.decompress(capture.pack(pseudonymised(made, KEY)))
    for person in (b"mroewer", b"kschulz", b"tbraun", b"fvogel", b"hlorenz"):
        assert person not in plain
    assert b"getty@tty1.service" in plain
    assert b"user@1000.service" in plain
    assert b"wg-quick@wg0.service" in plain
    assert b"@daily root /usr/bin/true" in plain
    given_names = next(iter(pseudonymised(made, KEY).names.values())).names or []
    assert f"/usr/lib/systemd/system/{given_names[0]}" in pseudonymised(made, KEY).read


def test_no_serial_of_a_desk_is_in_its_capture(tmp_path: Path) -> None:
    machines.office(str(tmp_path))
    machines.tethered(str(tmp_path / "other"))
    builders.usb_device(str(tmp_path), "1-7", machines.PHONE)
    recording = RecordingHost(RootHost(str(tmp_path)))
    before = [*usb.collect(recording), *displays.collect(recording)]
    data = capture.pack(recording.capture())
    plain = gzip.decompress(data)
    for secret in (b"29101FDH2000AB", b"000000001536", b"7XQ1W13ABCDE", b"0A1B2C30", b"001000001"):
        assert secret not in plain
    host = ReplayingHost(capture.unpack(data))
    after = [*usb.collect(host), *displays.collect(host)]
    assert [without_serials(item) for item in after] == [without_serials(item) for item in before]
    # EDID bytes travel as base64, where a search for text finds nothing.
    raw = host.read("/sys/class/drm/card0-DP-1/edid")
    assert b"7XQ1W13ABCDE" not in raw
    assert edid.parse(raw).fault == ""
    assert edid.parse(raw).name == "DELL P2419H"


def without_serials(item: object) -> object:
    """Returns an observable with the shape of its serial in the serial's place, and without digests of the EDID."""
    if isinstance(item, UsbDevice):
        assert item.serial is None or isinstance(item.serial, Unkeyed)
        return (msgspec.structs.replace(item, serial=None), item.serial and shape_of(item.serial.text))
    if isinstance(item, DisplayAdapter):
        return item
    assert isinstance(item, Display)
    assert item.serial is None or isinstance(item.serial, Unkeyed)
    shape = item.serial and shape_of(item.serial.text)
    return (msgspec.structs.replace(item, serial=None, serial_number=None, edid_digest="", base_digest=""), shape)


def test_published_constants_stay_because_they_name_a_product(tmp_path: Path) -> None:
    machines.pikvm(str(tmp_path))
    recording = RecordingHost(RootHost(str(tmp_path)))
    before = [*usb.collect(recording), *displays.collect(recording)]
    host = ReplayingHost(recording.capture())
    after = [*usb.collect(host), *displays.collect(host)]
    kvm = {item.port_path: item for item in after if isinstance(item, UsbDevice)}["1-3"]
    assert kvm.serial == Unkeyed("serial", "CAFEBABE")
    assert [item for item in after if isinstance(item, Display)] == [
        item for item in before if isinstance(item, Display)
    ]


def test_a_serial_keeps_its_shape_and_is_one_thing_everywhere() -> None:
    texts = changed(
        sys__devices__usb1__1_4__serial="5CG1234XYZ\n",
        run__udev__data__c1="E:ID_SERIAL_SHORT=5CG1234XYZ\nE:ID_SERIAL=Maker_5CG1234XYZ\n",
        sys__class__dmi__id__product_serial="0a1b2c3d4e\n",
    )
    invented = texts["/sys/devices/usb1/1_4/serial"].strip()
    assert invented != "5CG1234XYZ"
    assert shape_of(invented) == shape_of("5CG1234XYZ")
    assert texts["/run/udev/data/c1"] == f"E:ID_SERIAL_SHORT={invented}\nE:ID_SERIAL=Maker_{invented}\n"
    assert re.fullmatch(r"[0-9a-f]{10}\n", texts["/sys/class/dmi/id/product_serial"])


def test_a_short_serial_is_replaced_in_its_own_file_only() -> None:
    texts = changed(sys__x__serial="00417\n", etc__note="port 00417\n")
    assert texts["/etc/note"] == "port 00417\n"
    assert texts["/sys/x/serial"] != "00417\n"


@pytest.mark.parametrize(
    ("before", "pattern"),
    [
        ("48:da:35:6d:01:02", r"48:da:35:(?!6d:01:02)[0-9a-f:]{8}"),
        ("48-DA-35-6D-01-02", r"48-DA-35-(?!6d-01-02)[0-9a-f-]{8}"),
        ("00:00:00:00:00:00", "00:00:00:00:00:00"),
        ("ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"),
        ("enx48da356d0102", r"enx48da35(?!6d0102)[0-9a-f]{6}"),
        ("0003:046D:C52B.0001", r"0003:046D:C52B\.0001"),
        ("/sys/devices/pci0000:00/0000:00:14.0/usb1", "/sys/devices/pci0000:00/0000:00:14.0/usb1"),
        ("12:34:56", "12:34:56"),
    ],
)
def test_a_mac_keeps_its_maker_and_nothing_else_is_taken_for_one(before: str, pattern: str) -> None:
    after = changed(sys__class__net__eth0__address=f"{before}\n")["/sys/class/net/eth0/address"]
    assert re.fullmatch(pattern + "\n", after)


def test_an_interface_named_by_its_mac_fits_its_mac() -> None:
    texts = changed(sys__class__net__x__address="48:da:35:6d:01:02\n", proc__net__dev="enx48da356d0102: 1 2\n")
    tail = texts["/sys/class/net/x/address"].strip()[9:]
    assert texts["/proc/net/dev"].startswith("enx48da35" + tail.replace(":", ""))


def test_people_are_nobody_in_paths_links_lists_and_files() -> None:
    passwd = "root:x:0:0:root:/root:/bin/sh\nannika:x:1000:1000:Annika Example,,,:/home/annika:/bin/sh\n"
    before = captured(
        etc__passwd=passwd, etc__group="sudo:x:27:annika\n", home__annika__x="owner annika, not annikas\n"
    )
    before = msgspec.structs.replace(
        before,
        names={"/home": Answer(names=["annika", "guest"])},
        link={"/proc/7/exe": Answer(target="/home/annika/bin/tool")},
        status={"/home/annika/bin": Answer(error="missing", message="/home/annika/bin: gone")},
    )
    after = pseudonymised(before, KEY)
    plain = msgspec.json.encode(after)
    assert b"annika" not in plain.replace(b"annikas", b"")
    assert b"Annika" not in plain
    person = (after.names["/home"].names or [""])[0]
    assert len(person) == 6
    assert after.names["/home"].names == [person, "guest"]
    assert after.link["/proc/7/exe"].target == f"/home/{person}/bin/tool"
    assert f"/home/{person}/bin" in after.status
    assert f"/home/{person}/x" in after.read
    assert (after.read["/etc/passwd"].text or "").splitlines()[1] == f"{person}:x:1000:1000::/home/{person}:/bin/sh"
    assert (after.read["/etc/passwd"].text or "").startswith("root:x:0:0:root:/root")


def test_machine_id_host_name_uuid_and_domain_are_invented() -> None:
    texts = changed(
        **{"etc__machine-id": "0123456789abcdef0123456789abcde1\n"},
        var__lib__x="id=0123456789abcdef0123456789abcde1\n",
        proc__sys__kernel__hostname="lap-0417.corp.example.com\n",
        etc__hosts="127.0.1.1 lap-0417.corp.example.com lap-0417\n",
        etc__resolv_conf="search corp.example.com\nnameserver 192.168.1.1\n",
        etc__fstab="UUID=6e1f3b9a-0d52-4c5e-9a51-3f0e6f1c2b7d / ext4\n",
    )
    everything = " ".join(texts.values())
    for secret in ("0417", "corp", "example", "6e1f3b9a", "192.168.1.1", "0123456789abcdef"):
        assert secret not in everything
    assert texts["/var/lib/x"] == f"id={texts['/etc/machine-id']}"
    assert "127.0.1.1" in texts["/etc/hosts"]
    assert texts["/etc/resolv_conf"].splitlines()[0].endswith(".com")


def test_a_login_record_keeps_its_layout() -> None:
    # utmp(5): type, pid, line 32, id 4, user 32, host 256, exit 4, session 4, time 8, address 16, unused 20.
    record = struct.pack(
        "<hxxi32s4s32s256shhiii16s20x", 7, 99, b"pts/0", b"0", b"annika", b"203.0.113.9", 0, 0, 1, 2, 3,
        bytes((203, 0, 113, 9)) + bytes(12),
    )  # fmt: skip
    assert len(record) == 384
    after = pseudonymised(captured(var__log__wtmp=record * 2), KEY).read["/var/log/wtmp"].data or b""
    assert len(after) == 768
    assert after[:384] == after[384:]
    assert after[:44] == record[:44]
    assert b"annika" not in after
    assert b"203.0.113" not in after
    host = after[76:332].rstrip(b"\0").decode()
    assert address_scope(host) == "public"
    assert after[348:352] == bytes(int(part) for part in host.split("."))


BOOK = AddressBook(lambda text, size: (text.encode() * 7)[-size:].ljust(size, b"\x11"))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "127.0.0.1",
        "127.0.0.53",
        "255.255.255.0",
        "224.0.0.251",
        "128.0.0.0",
        "10.0.0.0",
        "::",
        "::1",
        "ff02::1",
    ],
)
def test_addresses_that_belong_to_nobody_stay(address: str) -> None:
    assert BOOK.text("/etc/x", f"to {address} via") == f"to {address} via"


@pytest.mark.parametrize(
    "address",
    ["192.168.1.20", "10.1.2.3", "172.20.0.5", "100.100.1.2", "169.254.7.8", "203.0.113.9", "8.8.8.8", "172.200.1.1",
     "192.0.2.1", "100.5.6.7", "2001:db8::1", "fe80::1a2b", "fd12:3456::7"],
)  # fmt: skip
def test_an_address_changes_and_keeps_its_scope(address: str) -> None:
    after = BOOK.text("/etc/x", address)
    assert after != address
    assert address_scope(after) == address_scope(address)


def test_a_network_stays_a_network() -> None:
    texts = BOOK.text("/etc/x", "192.168.1.20 192.168.1.1 192.168.1.0 192.168.2.1").split()
    nets = [text.rpartition(".")[0] for text in texts]
    assert nets[0] == nets[1] == nets[2] != nets[3]
    assert texts[2].endswith(".0")
    assert len(set(texts)) == 4


def test_the_kernels_tables_hold_the_same_addresses_in_hexadecimal() -> None:
    # proc_net(5): 192.168.1.20 is 1401A8C0 in host order; the default route and the masks stay.
    changed_address = BOOK.text("/etc/x", "192.168.1.20")
    route = (
        "eth0\t00000000\t1401A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
        "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    after = BOOK.text("/proc/net/route", route)
    gateway = bytes.fromhex(after.split("\t")[2])[::-1]
    assert ".".join(map(str, gateway)) == changed_address
    assert "00FFFFFF" in after
    line = "   0: 1401A8C0:0016 0100007F:D431 01 00000000:00000280 02:000A7B2C 00000000  1000        0 4711 1 0\n"
    table = BOOK.text("/proc/net/tcp", line)
    assert table.split()[1] == f"{gateway[::-1].hex().upper()}:0016"
    assert table.split()[2:] == line.split()[2:]
    mapped = "0000000000000000FFFF00001401A8C0:0016"
    assert BOOK.text("/proc/net/tcp6", f" 0: {mapped} ").split()[1].endswith(f"{gateway[::-1].hex().upper()}:0016")


def test_version_numbers_of_packages_are_no_addresses() -> None:
    status = "Package: x\nVersion: 1.2.3.4\n"
    assert changed(var__lib__dpkg__status=status)["/var/lib/dpkg/status"] == status


def test_two_captures_cannot_be_compared() -> None:
    files = captured(sys__x__serial="5CG1234XYZ\n")
    one, other = (pseudonymised(files).read["/sys/x/serial"].text for _ in range(2))
    assert one != other
    assert pseudonymised(files, KEY) == pseudonymised(files, KEY)


def test_what_is_keyed_afterwards_is_equal_where_it_was_equal(tmp_path: Path) -> None:
    builders.usb_device(str(tmp_path), "1-1", machines.PHONE)
    builders.usb_device(str(tmp_path), "1-2", machines.PHONE)
    recording = RecordingHost(RootHost(str(tmp_path)))
    list(usb.collect(recording))
    keyer = Keyer.from_key(b"k" * 32)
    found = [item.serial for item in usb.collect(ReplayingHost(recording.capture())) if isinstance(item, UsbDevice)]
    assert all(isinstance(serial, Unkeyed) for serial in found)
    digests = {keyer.hook(serial).digest for serial in found}
    assert len(digests) == 1
    assert digests != {keyer.key("serial", "29101FDH2000AB").digest}


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_any_address_keeps_its_scope_and_what_it_shares_with_another(one: IPv4Address, other: IPv4Address) -> None:
    after = [BOOK.text("/etc/x", str(address)) for address in (one, other)]
    assert [address_scope(text) for text in after] == [address_scope(str(one)), address_scope(str(other))]
    assert (after[0] == after[1]) == (one == other)
    if one.is_private and other.is_private and one.packed[:3] == other.packed[:3]:
        assert after[0].rpartition(".")[0] == after[1].rpartition(".")[0]


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_written_inside_ipv6_is_exchanged_like_the_address_itself(address: IPv4Address) -> None:
    assert BOOK.text("/etc/x", f"from ::ffff:{address} port 22") == (
        f"from ::ffff:{BOOK.text('/etc/x', str(address))} port 22"
    )


def test_a_dotted_address_behind_colons_that_are_no_address_is_exchanged_too() -> None:
    assert "192.0.2.77" not in BOOK.text("/etc/x", "1:2:3:4:5:6:7:192.0.2.77")
    assert "2001:db8:5::" not in BOOK.text("/etc/x", "2001:db8:5::192.0.2.77")


@given(st.ip_addresses(v=6))
def test_any_longer_address_stays_one_of_its_scope(address: IPv6Address) -> None:
    after = IPv6Address(BOOK.text("/etc/x", str(address)))
    assert address_scope(str(after)) == address_scope(str(address))


@given(
    st.sampled_from(
        ["/etc/passwd", "/run/utmp", "/sys/x/edid", "/sys/x/serial", "/proc/net/tcp", "/proc/net/tcp6",
         "/etc/resolv.conf", "/etc/hostname", "/etc/crontab", "/etc/systemd/system/x.service", "/home/x/y", "/x"]
    ),
    st.one_of(st.text(max_size=300), st.binary(max_size=900)),
)  # fmt: skip
def test_any_content_is_survived_and_keeps_its_kind(path: str, content: str | bytes) -> None:
    answer = Answer(text=content) if isinstance(content, str) else Answer(data=content)
    before = msgspec.structs.replace(captured(), read={path: answer}, names={path: Answer(names=[path])})
    after = capture.unpack(capture.pack(pseudonymised(before, KEY)))
    assert len(after.read) == 1
    (left,) = after.read.values()
    assert (left.text is None) != (left.data is None)
    if path == "/run/utmp" and isinstance(content, bytes):
        assert len(left.data or b"") == len(content)


def test_people_of_a_windows_laptop_are_nowhere_and_its_questions_stay_askable() -> None:
    sid = "S-1-5-21-1004336348-1177238915-682003330-1001"
    store = rf"HKU\{sid}\SOFTWARE\Microsoft\ConsentStore\webcam\NonPackaged"
    filters = r"HKLM\SOFTWARE\Classes\CLSID\{860BB310-5D01-11d0-BD3B-00A0C911CE86}\Instance"
    inner = WindowsFake(
        rows={
            RunningProcess.table: [
                RunningProcess(
                    pid=8, name="x.exe", executable=r"C:\Users\Wendolina\x.exe", user=r"LAPTOP-77QX\wendolina"
                ),
                RunningProcess(pid=9, name="y.exe", user=r"NT AUTHORITY\SYSTEM"),
            ]
        },
        keys={
            r"HKLM\SYSTEM\CurrentControlSet\Control": {
                "Value": r"LAPTOP-77QX and C:\Users\WENDOLINA\y",
                "DisplayVersion": "1.2.3.4",
            }
        },
        branches={store: {"C:#Users#otherperson#z.exe": {}}, filters: {"a": {"FriendlyName": "OBS"}}},
    )
    host = RecordingHost(cast("Host", inner))
    host.rows(RunningProcess)
    host.rows(RegistryKey, r"HKLM\SYSTEM\CurrentControlSet\Control")
    host.rows(RegistryBranch, store)
    host.rows(RegistryBranch, filters)
    made = capture.unpack(capture.pack(host.capture()))
    text = msgspec.json.encode(made).decode().casefold()
    for word in ("wendolina", "laptop-77qx", "otherperson", "1004336348-1177238915-682003330"):
        assert word not in text, word
    replay = ReplayingHost(made)
    assert replay.rows(RegistryBranch, filters)[0].texts == {"FriendlyName": "OBS"}
    (key,) = replay.rows(RegistryKey, r"HKLM\SYSTEM\CurrentControlSet\Control")
    assert key.texts["DisplayVersion"] == "1.2.3.4"
    assert [row.user for row in replay.rows(RunningProcess)][1] == r"NT AUTHORITY\SYSTEM"
