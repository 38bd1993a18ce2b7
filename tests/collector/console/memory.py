"""A store in memory with a few devices, for pages whose subject is the page. The real store's tests are elsewhere."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, cast

import msgspec

from farmwatch_collector.assessment import Assessment, AttentionLevel, GroupLevel
from farmwatch_collector.cases import Case
from farmwatch_collector.place.samples import KeptDay
from farmwatch_collector.score import Prior, score_levels
from farmwatch_collector.store.protocol import Device, DeviceEvent, DeviceRow, SectionRow, Store
from farmwatch_detectors.placing import Egress
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import Span
from farmwatch_schema.finding import GROUPS, Evidence, Finding, Group
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.network import Gateway, NetworkInterface
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.software import Package
from farmwatch_schema.observables.usb import UsbDevice, UsbEndpoint, UsbInterface

from .farm_memory import MemoryFarms

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
KEYER = Keyer(b"a key for tests, never a real one", "0badc0de")
ORDER: list[AttentionLevel] = ["none", "watch", "review", "urgent", "near_certain"]

#: Names a laptop could bear to harm whoever reads the list.
SCRIPT = "<script>alert(1)</script>"
OVERRIDE = "laptop-\u202egpj.exe\u2066\u200b"
ENDLESS = "n" * 10_000
FORMULA = '=HYPERLINK("http://example.com","open")'


class MemoryStore(MemoryFarms):
    """The reading half of `Store`."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, DeviceRow] = {}
        self.parts: dict[str, list[SectionRow]] = {}
        self.spans: dict[str, list[Span]] = {}
        self.people: dict[str, RosterEntry] = {}
        self.told: dict[str, list[DeviceEvent]] = {}
        self.exits: dict[str, list[Egress]] = {}
        self.placed: dict[str, list[KeptDay]] = {}
        self.log: list[tuple[datetime, str, str, str]] = []

    def add(
        self,
        device: str,
        name: str,
        assessment: Assessment | None = None,
        sections: Sequence[SectionRow] = (),
        spans: Sequence[Span] = (),
        person: RosterEntry | None = None,
        seen: timedelta | None = timedelta(minutes=4),
        **more: Any,
    ) -> None:
        row = Device(
            device=device,
            name=name,
            platform="linux",
            public_key=bytes(32),
            enrolled_at=NOW - timedelta(days=12),
            last_seen_at=NOW - seen if seen is not None else None,
            agent_version="0.1.0",
            **more,
        )
        self.held[device] = DeviceRow(device=row, assessment=assessment, cohort=person.cohort if person else "")
        self.parts[device] = list(sections)
        self.spans[device] = list(spans)
        if person is not None:
            self.people[device] = person

    def _found(self, search: str) -> list[DeviceRow]:
        def text(row: DeviceRow) -> str:
            person = self.people.get(row.device.device)
            told = (person.person, person.cohort, person.site) if person else ()
            return "\n".join((row.device.device, row.device.name, *told)).casefold()

        return [row for row in self.held.values() if search.casefold() in text(row)]

    def rows(
        self,
        minimum: "AttentionLevel | Literal['unjudged']" = "none",
        limit: int = 100,
        search: str = "",
        after: str = "",
    ) -> list[DeviceRow]:
        least = 0 if minimum == "unjudged" else ORDER.index(minimum)
        found = [
            row
            for row in self._found(search)
            if (least == 0 if row.assessment is None else ORDER.index(row.assessment.attention) >= least)
        ]
        if minimum == "unjudged":
            found = [row for row in found if row.assessment is None]
        found.sort(key=lambda row: -(row.assessment.points if row.assessment else -1))
        places = [row.device.device for row in found]
        found = found[places.index(after) + 1 :] if after in places else found
        return found[:limit]

    def counts(self, search: str = "") -> "dict[AttentionLevel | Literal['unjudged'], int]":
        result: dict[AttentionLevel | Literal["unjudged"], int] = {}
        for row in self._found(search):
            level: AttentionLevel | Literal["unjudged"] = row.assessment.attention if row.assessment else "unjudged"
            result[level] = result.get(level, 0) + 1
        return result

    def device(self, device: str) -> DeviceRow | None:
        return self.held.get(device)

    def sections(self, device: str) -> list[SectionRow]:
        return list(self.parts[device])

    def timeline(self, device: str, since: datetime) -> list[Span]:
        return self.spans[device]

    def events(self, device: str) -> list[DeviceEvent]:
        return self.told.get(device, [])

    def egress(self, device: str, now: datetime) -> list[Egress]:
        return self.exits.get(device, [])

    def place_days(self, device: str, since: date) -> list[KeptDay]:
        return [each for each in self.placed.get(device, []) if each.day >= since]

    def cases_of(self, device: str) -> list[Case]:
        return []

    def roster(self) -> dict[str, RosterEntry]:
        return self.people

    def note(self, at: datetime, actor: str, action: str, subject: str) -> None:
        self.log.append((at, actor, action, subject))


def as_store(store: MemoryStore) -> Store:
    return cast("Store", store)


def section(
    kind: str, items: Sequence[Observable] = (), outcome: str = "", reason: str = "", **more: Any
) -> SectionRow:
    data = msgspec.json.encode(list(items))
    return SectionRow(
        kind=kind,
        outcome=outcome or ("found" if items else "none"),
        reason=reason,
        observed_at=NOW - timedelta(minutes=4),
        since=NOW - timedelta(days=3, hours=2),
        digest="ab" * 32,
        items=more.pop("raw", data),
        **more,
    )


def level(group: Group, number: int | None, bits: float = 0.0, meaning: str = "", **more: Any) -> GroupLevel:
    return GroupLevel(group=group, level=number, bits=bits, meaning=meaning, **more)


GREY: dict[Group, str] = {
    "I": "no probe for input in this agent",
    "P": "no probe for physical use in this agent",
    "HR": "the roster says nothing of this device",
    "A": "no detector yet",
}


def judged(
    device: str, levels: Sequence[GroupLevel], findings: Sequence[Finding] = (), prior: Prior | None = None
) -> Assessment:
    held = {entry.group for entry in levels}
    grey = [level(group, None, grey=GREY.get(group, "no report yet")) for group in GROUPS if group not in held]
    return score_levels(device, NOW, [*levels, *grey], prior=prior, findings=findings)


KVM = UsbDevice(
    vendor_id="1d6b",
    product_id="0104",
    manufacturer="Multifunction Composite Gadget Maker",
    product="Composite KVM Device",
    serial=KEYER.key("serial", "CAFEBABE"),
    has_serial=True,
    bcd_device="0100",
    bcd_usb="0200",
    speed_mbps=480,
    max_packet_size0=64,
    port_path="1-2",
    removable="removable",
    interfaces=(
        UsbInterface(
            number=0,
            class_triple="03/01/01",
            name="Keyboard",
            endpoints=(UsbEndpoint(address=0x81, transfer="interrupt", max_packet_size=8, interval=4),),
            bcd_hid="0101",
            report_descriptor="05010906a101050719e029e71500250175019508810295017508810195057501050819012905910295017503910195067508150025650507190029658100c0",
            driver="usbhid",
        ),
        UsbInterface(number=1, class_triple="03/00/00", name="Mouse", bcd_hid="0101", driver="usbhid"),
        UsbInterface(number=2, class_triple="08/06/50", name="Mass storage", driver="usb-storage"),
    ),
)
CAMERA = UsbDevice(vendor_id="04f2", product_id="b6d9", product="Integrated Camera", port_path="1-6", removable="fixed")

KVM_FINDING = Finding(
    detector="ip_kvm_identity",
    group="H",
    level=3,
    sentence="A USB device on port 1-2 bears the identity that PiKVM publishes. "
    "Could be a lab's KVM. Check: does the asset register know it?",
    evidence=(
        Evidence(
            kind="usb",
            subject="USB device 1d6b:0104 on port 1-2",
            fact="Its serial is the published constant CAFEBABE, the same on every unit.",
            source="pikvm/kvmd, configs/kvmd/main.yaml",
        ),
        Evidence(
            kind="displays", subject="monitor on HDMI-A-1", fact="Its EDID names the maker LNX and the product 7701."
        ),
    ),
    subject="1-2",
    seen_from="2026-11-14T08:02:11Z",
    floor=True,
)
TOOL_FINDING = Finding(
    detector="remote_access_tool",
    group="R",
    level=1,
    sentence="RustDesk is installed and not running. Could be left over from private support. Check: ask the person.",
    evidence=(
        Evidence(kind="software", subject="package rustdesk 1.3.2", fact="It is in the list of installed packages."),
    ),
    subject="rustdesk",
)
TIE_FINDING = Finding(
    detector="shared_gateway",
    group="F",
    level=3,
    sentence="Five laptops without a common household report through one gateway. "
    "Could be a shared flat. Check: the addresses in the roster.",
    evidence=(
        Evidence(
            kind="fleet", subject="gateway f3a1c2…", fact="Held by 5 of 61 devices, 4 of them unrelated in the roster."
        ),
    ),
    seen_from="2026-11-16T07:40:00Z",
)
ALLOWED = Finding(
    detector="remote_access_tool",
    group="R",
    level=0,
    sentence="TeamViewer is installed, as the help desk's policy allows.",
    evidence=(
        Evidence(kind="software", subject="package teamviewer", fact="It is in the list of installed packages."),
    ),
    sanctioned="help desk tool (owner: it@example.com)",
)


def worked_example() -> MemoryStore:
    """A small fleet: a farm laptop, one of each level, a blind one, an unjudged one."""
    store = MemoryStore()
    hire = RosterEntry(person="e-1042", cohort="remote_new_hire", start_on=date(2026, 11, 10))
    innocent = ("a lab's KVM for a server rack", "an engineer's own device for maintenance of a home server")
    hardware = level(
        "H",
        3,
        11.2,
        "published identity of an IP-KVM",
        raw_bits=11.2,
        m=0.35,
        u=0.00015,
        basis="published",
        detector="ip_kvm_identity",
        floor=True,
        innocent=innocent,
        sources=("pikvm/kvmd configs, read 2026-11",),
        clears=("the asset register holds it, with its owner", "the device is unplugged and stays away"),
    )
    tie = level(
        "F",
        3,
        4.0,
        "gateway shared by five unrelated devices",
        raw_bits=6.1,
        m=0.5,
        u=0.0073,
        basis="judgement",
        detector="shared_gateway",
        innocent=("a shared flat", "a co-working space"),
        clears=("the roster names a common household", "policy names the place"),
        sources=("no fleet has measured it yet",),
    )
    quiet = level("R", 0, -1.4, "no remote-access tool", m=0.36, u=0.95, basis="judgement")
    network = level("N", 0, -0.4, "no VPN or tunnel", m=0.7, u=0.92, basis="judgement")
    prior = Prior(cohort="remote_new_hire", share=0.001, until=NOW + timedelta(days=18))
    # Agent integrity is looked at and says nothing: with it, enough of the groups that have detectors are measured.
    sound = level("A", 0, 0.0)
    farm = judged("d-farm-1", [hardware, quiet, network, tie, sound], [KVM_FINDING, TIE_FINDING, TOOL_FINDING], prior)
    processes = [
        Process(
            name=name,
            path=f"/usr/bin/{name}",
            user_writable=False,
            package=name,
            run_by="user",
            count="1",
            first_start="2026-11-22",
        )
        for name in (
            "gnome-shell",
            "firefox-esr",
            "pipewire",
            "wireplumber",
            "dbus-daemon",
            "gnome-terminal",
            "thunderbird",
            "bash",
        )
    ]
    gateway = Gateway(
        family="ipv4",
        interface="wlp2s0",
        address=KEYER.key("address", "192.0.2.1"),
        mac=KEYER.key("mac", "02:00:5e:10:00:01"),
        metric=600,
    )
    store.add(
        "d-farm-1",
        "nb-lisbon-17",
        farm,
        [
            section(
                "host",
                [
                    HostFacts(
                        os="Debian GNU/Linux",
                        os_version="12",
                        kernel="6.1.0-28-amd64",
                        vendor="LENOVO",
                        model="ThinkPad T14 Gen 3",
                        chassis="laptop",
                        hypervisor="",
                        serial=KEYER.key("serial", "PF3XK9Q2"),
                        time_zone="Europe/Lisbon",
                        utc_offset_minutes=0,
                    )
                ],
            ),
            section("usb", [KVM, CAMERA]),
            section(
                "displays",
                [
                    Display(
                        connector="eDP-1",
                        internal=True,
                        virtual=False,
                        active_mode="1920x1200",
                        manufacturer="AUO",
                        product="d291",
                        year=2021,
                        size_cm=(30, 19),
                        edid_digest="9c" * 32,
                        edid="00ffffffffffff00" * 16,
                    ),
                    Display(
                        connector="HDMI-A-1",
                        virtual=False,
                        active_mode="1920x1080",
                        manufacturer="LNX",
                        product="7701",
                        name="PiKVM V4 Plus",
                        serial=KEYER.key("edid_serial", "CAFEBABE"),
                        year=2020,
                        size_cm=(80, 45),
                        edid_digest="4d" * 32,
                    ),
                ],
            ),
            section(
                "processes",
                [*processes, Gap(what="executables of other users", outcome="not_permitted", count="10-49")],
                reason="Executables of other users are hidden from an ordinary user.",
            ),
            section(
                "software",
                [Package(name=f"package-{number}", version=f"1.{number}", source="dpkg") for number in range(240)],
            ),
            section("services", [], "not_supported", "This system has no service manager that the agent knows."),
            section("sockets", [], "none"),
            section(
                "network",
                [
                    NetworkInterface(
                        name="wlp2s0",
                        kind="wifi",
                        driver="iwlwifi",
                        mtu=1500,
                        bus="pci",
                        up=True,
                        address=KEYER.key("mac", "00:00:5e:00:53:01"),
                    ),
                    gateway,
                ],
            ),
            section("sessions", [], "not_permitted", "The login records may be read by root only."),
            section("power", [], "broken", "/sys/class/power_supply answered with an input/output error."),
            section("gait", outcome="found", raw=b'[{"type":"footfall","pace":3}]'),
        ],
        [
            Span(kind="usb", item=KVM, seen_from=NOW - timedelta(days=8, hours=1)),
            Span(kind="network", item=gateway, seen_from=NOW - timedelta(days=6), seen_until=None),
            Span(
                kind="processes",
                item=Process(name="rustdesk", path="~/Downloads/rustdesk"),
                seen_from=NOW - timedelta(days=9),
                seen_until=NOW - timedelta(days=8),
            ),
            Span(kind="usb", item=CAMERA, seen_from=NOW - timedelta(days=12), from_start=True),
        ],
        hire,
        clock_offset_seconds=-5_400,
    )
    lost = DeviceEvent(
        kind="gap",
        count=2,
        detail="sequences 41 to 43",
        first_at=NOW - timedelta(days=5),
        last_at=NOW - timedelta(days=2),
    )
    store.told["d-farm-1"] = [lost]
    urgent = judged(
        "d-farm-2",
        [replace(hardware, bits=9.0), level("R", 0, 0.0, "only what is sanctioned or harmless"), tie],
        [KVM_FINDING, ALLOWED],
        prior,
    )
    store.add(
        "d-farm-2",
        "nb-porto-03",
        urgent,
        [section("usb", [KVM])],
        person=RosterEntry(person="e-1044", cohort="remote_new_hire"),
    )
    store.add(
        "d-review",
        "nb-lab-2",
        judged("d-review", [replace(hardware, bits=9.0), quiet, network]),
        person=RosterEntry(person="e-0310", cohort="office"),
    )
    watch = level(
        "R",
        2,
        5.0,
        "remote-access tool without sanction",
        m=0.25,
        u=0.008,
        basis="published",
        detector="remote_access_tool",
    )
    store.add("d-watch", "nb-oslo-09", judged("d-watch", [watch, level("F", 1, 2.1, "gateway shared by two")]))
    clean = [level("H", 0, -0.9), quiet, network, level("F", 0, -0.2), sound]
    for number in range(1, 9):
        store.add(
            f"d-clean-{number}",
            f"nb-berlin-{number:02}",
            judged(f"d-clean-{number}", clean),
            [section("usb", [CAMERA])],
            seen=timedelta(minutes=7 * number),
            person=RosterEntry(person=f"e-02{number:02}", cohort="office"),
        )
    store.add("d-blind", "nb-madrid-01", judged("d-blind", [quiet]), seen=timedelta(days=3))
    store.add("d-new", "nb-new", None, seen=None)
    return store


def replace(entry: GroupLevel, **changes: Any) -> GroupLevel:
    return msgspec.structs.replace(entry, **changes)
