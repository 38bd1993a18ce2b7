"""Rounds on recorded answers of the three systems, and a round on loopback recorded and replayed."""

import sys
import time
from typing import Any, cast

import pytest

from farmwatch_agent.host import Host, HostError, Missing, NotPermitted, capture, open_host, signed_trips, tcp_trips
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.resolving import NameAddress
from farmwatch_agent.probes.latency import measuring
from farmwatch_agent.probes.latency.allowed import AllowList
from farmwatch_agent.probes.latency.measuring import measure
from farmwatch_agent.probes.latency.surroundings import Surroundings
from farmwatch_schema import landmark
from farmwatch_schema.plan import Plan, Target

from ..landmark_doubles import ALERT, KEY, OTHER_KEY, PUBLIC_KEY, signs, tcp, tls_after, udp

NONCE = bytes(range(16))


class Answers:
    """A host that gives each question its rows, and remembers what was asked."""

    running, origin = True, "replay"

    def __init__(self, platform: str, rows: dict[str, Any]) -> None:
        self.platform, self.given = platform, rows
        self.asked: list[str] = []

    def rows(self, kind: type[Any], of: str = "") -> list[Any]:
        question = f"{kind.table} {of}"
        self.asked.append(question)
        found = self.given.get(question, Missing(question))
        if isinstance(found, HostError):
            raise found
        return [kind(**row) for row in found]

    def now(self) -> float:
        return 1_795_348_800.0  # 2026-11-22 12:00 UTC


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replaces power and network, which have tests of their own."""
    around: dict[str, Any] = {"skip": "", "gateway": "", "access_of": lambda name: {"en0": "wifi"}.get(name, "")}
    monkeypatch.setattr(measuring, "surroundings_of", lambda host: Surroundings(**around))
    return around


def plan(*targets: Target, connects: int = 3) -> Plan:
    return Plan(plan="p", valid_until="2026-11-23T00:00:00Z", targets=targets, connects=connects)


def target(name: str = "a", host: str = "a.example.com", **more: Any) -> Target:
    return Target(landmark=name, host=host, **more)


def run(host: Any, asked: Plan, *entries: str, most: int = 400, **more: Any) -> Any:
    allowed = AllowList(entries or ["198.51.100.0/24", "2001:db8::/32"])
    return measure(cast("Host", host), asked, allowed, most_connects=most, **more)


def connects(*micros: int | None, control: int = 90, **more: Any) -> list[dict[str, Any]]:
    return [
        {"micros": it, "control_micros": control, **({"problem": "timeout"} if it is None else more)} for it in micros
    ]


V4, V6 = "198.51.100.7", "2001:db8::7"
ROWS = {
    "name_address a.example.com": [{"family": "ipv6", "address": V6}, {"family": "ipv4", "address": V4}],
    f"tcp_connect {V4} 443 3": connects(12_440, 11_960, 31_000, mss=1460, mtu=1500, interface="en0"),
    f"tls_first_byte {V4} 443 a.example.com": [{"connect_micros": 12_000, "micros": 13_810, "bytes": 4613}],
    f"icmp_echo {V4} 1 3": [{"micros": 11_700, "ttl": 54}, {"micros": 12_100, "ttl": 53}, {}],
    f"tcp_connect {V6} 443 3": connects(12_100, None, 12_900, mss=1432, mtu=1492, interface="en0"),
    f"icmp_echo {V6} 1 3": [{}, {}],
}


def test_what_leaves_by_another_interface_than_the_first_says_so(outside: dict[str, Any]) -> None:
    kinds = {"en0": "wifi", "en1": "ethernet", "utun3": "tunnel"}
    outside["access_of"] = lambda name: kinds.get(name, "")
    rows = {
        **ROWS,
        f"icmp_echo {V4} 1 3": [{"micros": 11_700, "interface": "en1"}],
        f"tcp_connect {V6} 443 3": [*connects(80_100, interface="en0"), *connects(91_000, interface="utun3")],
        f"icmp_echo {V6} 1 3": [{"micros": 80_000}],
    }
    found = run(Answers("linux", rows), plan(target(), connects=6))
    assert found.access == "wifi"
    assert [(it.method, it.family, it.access) for it in found.trips] == [
        ("tcp", "ipv4", ""),
        ("icmp", "ipv4", "ethernet"),
        ("tcp", "ipv6", "tunnel"),
        # How these echoes left is not told: as the connects to the same address did.
        ("icmp", "ipv6", "tunnel"),
    ]


def test_a_round_that_began_in_a_tunnel_names_what_leaves_beside_it(outside: dict[str, Any]) -> None:
    outside["access_of"] = lambda name: {"wg0": "tunnel", "en0": "wifi"}.get(name, "")
    rows = {**ROWS, f"tcp_connect {V4} 443 3": connects(50_000, interface="wg0"), f"icmp_echo {V4} 1 3": [{}]}
    found = run(Answers("linux", rows), plan(target(), connects=6))
    assert found.access == "tunnel"
    assert [(it.family, it.access) for it in found.trips] == [("ipv4", ""), ("ipv6", "wifi")]


def test_a_laptop_that_slept_in_the_middle_keeps_what_it_measured_before() -> None:
    names = ("a", "b", "c")
    rows = {**ROWS, **{f"name_address {name}.example.com": ROWS["name_address a.example.com"] for name in names}}
    host = Answers("linux", rows)

    def clock() -> float:
        # The lid was closed for eight hours while b was measured.
        return 8 * 3600.0 if any("b.example.com" in it for it in host.asked) else 0.0

    found = run(host, plan(*(target(name, f"{name}.example.com") for name in names), connects=6), clock=clock)
    assert {it.landmark for it in found.trips} == {"a"}
    assert not any("c.example.com" in it for it in host.asked)


@pytest.mark.skipif(sys.platform != "linux", reason="the clock with sleep is another one elsewhere")
def test_the_rounds_clock_counts_sleep() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= measuring.with_sleep() <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize("platform", ["linux", "macos"])
def test_each_family_has_its_minimum_and_icmp_is_a_second_opinion(platform: str) -> None:
    found = run(Answers(platform, ROWS), plan(target(), connects=6))
    four, echo, six = found.trips
    assert (four.method, four.family, four.address, four.count, four.lost) == ("tcp", "ipv4", V4, 3, 0)
    assert (four.min_ms, four.median_ms, four.max_ms, four.first_byte_ms, four.mss) == (12.0, 12.4, 31.0, 13.8, 1460)
    assert (echo.method, echo.count, echo.lost, echo.min_ms, echo.ttl) == ("icmp", 2, 1, 11.7, 53)
    assert (six.family, six.count, six.lost, six.min_ms, six.first_byte_ms, six.problem) == (
        "ipv6",
        2,
        1,
        12.1,
        None,
        "",
    )
    assert (found.access, found.path_mtu, found.connects, found.dropped, found.control_ms) == ("wifi", 1492, 7, 0, 0.1)
    # Seven segments of a connect and its end: 3 with options, 4 without, 20 or 40 bytes of IP header; RFC 9293.
    assert found.bytes > 6 * 380
    assert found.began_at == "2026-11-22T12:00:00Z"


def test_windows_cuts_milliseconds_and_one_is_added() -> None:
    rows = {**ROWS, f"windows_echo {V4}": [{"status": 0, "milliseconds": 11, "ttl": 54}],
            f"windows_echo {V6}": [{"status": 11010}]}  # fmt: skip
    found = run(Answers("windows", rows), plan(target(), connects=6))
    (echo,) = [it for it in found.trips if it.method == "icmp"]
    assert (echo.count, echo.min_ms, echo.ttl) == (3, 12.0, 54)


def test_what_was_taken_while_this_machine_was_busy_does_not_count() -> None:
    busy = connects(5_000, control=1_001) + connects(12_000, control=1_000) + [{"micros": 4_000}]
    found = run(Answers("linux", {**ROWS, f"tcp_connect {V4} 443 3": busy}), plan(target(), connects=6), V4)
    assert (found.trips[0].count, found.trips[0].min_ms, found.trips[0].lost) == (1, 12.0, 0)
    assert found.dropped == 2


def test_nothing_is_asked_where_something_stands_against_it(outside: dict[str, Any]) -> None:
    for why in ("battery_saver", "metered"):
        outside["skip"] = why
        host = Answers("linux", ROWS)
        found = run(host, plan(target(), connects=6))
        assert (found.skipped, found.trips, host.asked) == (why, (), [])


def test_an_icmp_that_is_refused_once_is_not_tried_again(outside: dict[str, Any]) -> None:
    outside["gateway"] = "192.0.2.1"
    host = Answers("linux", {**ROWS, "icmp_echo 192.0.2.1 1 3": NotPermitted("no")})
    found = run(host, plan(target(), connects=6))
    assert found.gateway_ms is None
    assert [it for it in host.asked if it.startswith("icmp")] == ["icmp_echo 192.0.2.1 1 3"]


def test_the_gateway_is_echoed_and_never_connected_to(outside: dict[str, Any]) -> None:
    outside["gateway"] = "192.168.1.1"
    host = Answers("linux", {**ROWS, "icmp_echo 192.168.1.1 1 3": [{"micros": 900}, {"micros": 420}]})
    assert run(host, plan(target(), connects=6)).gateway_ms == 0.4
    assert [it for it in host.asked if "192.168.1.1" in it] == ["icmp_echo 192.168.1.1 1 3"]


def test_a_name_that_leads_home_is_told_and_never_connected_to() -> None:
    for address in ("127.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fe80::1", "::ffff:10.0.0.1"):
        family = "ipv6" if ":" in address else "ipv4"
        host = Answers("linux", {"name_address a.example.com": [{"family": family, "address": address}]})
        (trips,) = measure(cast("Host", host), plan(target(), connects=6), AllowList(), most_connects=400).trips
        assert (trips.problem, trips.address, trips.count) == ("not_allowed", address, 0)
        assert host.asked == ["name_address a.example.com"]


def test_a_name_that_changes_between_two_answers_gains_nothing() -> None:
    """The address that was checked is the one that is connected to: a name is asked for once."""

    class Rebinding(Answers):
        def rows(self, kind: type[Any], of: str = "") -> list[Any]:
            found = super().rows(kind, of)
            if kind is NameAddress:
                self.given["name_address a.example.com"] = [{"family": "ipv4", "address": "192.168.1.1"}]
            return found

    rows = {**ROWS, "name_address a.example.com": [{"family": "ipv4", "address": V4}]}
    host = Rebinding("linux", dict(rows))
    run(host, plan(target(), connects=6))
    assert all(V4 in it for it in host.asked[1:])
    assert sum(it.startswith("name_address") for it in host.asked) == 1


def test_a_port_beside_the_list_is_not_even_resolved() -> None:
    host = Answers("linux", ROWS)
    (trips,) = run(host, plan(target(port=22))).trips
    assert (trips.problem, host.asked) == ("not_allowed", [])


def test_a_name_without_an_address_and_a_landmark_that_is_silent_say_so() -> None:
    (trips,) = run(Answers("linux", {}), plan(target())).trips
    assert trips.problem == "no_name"
    rows = {"name_address a.example.com": [{"family": "ipv4", "address": V4}]}
    for problem, told in (("refused", "refused"), ("timeout", "unreachable"), ("unreachable", "unreachable")):
        failed = [{"control_micros": 80, "problem": problem}] * 2
        host = Answers("linux", {**rows, f"tcp_connect {V4} 443 3": failed})
        found = run(host, plan(target()))
        assert [(it.count, it.lost, it.min_ms, it.problem) for it in found.trips] == [(0, 2, None, told)]
        assert not any(it.startswith("tls") for it in host.asked), "no hello to who does not answer"


def test_a_day_has_no_more_connects_than_are_left() -> None:
    rows = {**ROWS, f"tcp_connect {V4} 443 2": connects(12_000, 12_100)}
    host = Answers("linux", rows)
    found = run(host, plan(target(), target("b"), connects=6), most=2)
    assert found.connects == 2
    assert not any("443 3" in it or it.startswith("tls") for it in host.asked)


def test_a_round_ends_after_ten_minutes() -> None:
    times = iter(range(0, 100_000, 100))
    host = Answers("linux", ROWS)
    found = run(host, plan(*[target(str(at)) for at in range(24)], connects=6), clock=lambda: float(next(times)))
    # Begun after 100, 300 and 500 seconds; the next one would be after 540.
    assert len({it.landmark for it in found.trips}) == 3
    assert found.seconds <= 1_000


def test_no_plan_asks_for_more_connects_than_ten_both_families_together() -> None:
    # A plan comes through its type, which refuses more than 10; a struct made by hand does not.
    host = Answers("linux", ROWS)
    run(host, plan(target(), connects=1_000))
    assert {it.rpartition(" ")[2] for it in host.asked if it.startswith("tcp_connect")} == {"5"}


SIGNED = target("own", "198.51.100.9", port=4433, method="signed", public_key=PUBLIC_KEY)
OWN = {"name_address 198.51.100.9": [{"family": "ipv4", "address": "198.51.100.9"}]}


def signed(key: Any = KEY, nonce: bytes = NONCE, **more: Any) -> dict[str, Any]:
    return {"nonce": NONCE, "data": landmark.answer(nonce, key, 1, 49), "micros": 30_210, "ttl": 52, **more}


@pytest.mark.parametrize("platform", ["linux", "macos", "windows"])
def test_a_signed_answer_has_both_ttls(platform: str) -> None:
    rows = {**OWN, "signed_trip 198.51.100.9 4433 3 udp": [signed(), signed(micros=30_900), {"nonce": NONCE}]}
    found = run(Answers(platform, rows), plan(SIGNED))
    (trips,) = found.trips
    assert (trips.method, trips.count, trips.lost, trips.min_ms, trips.ttl, trips.ttl_seen, trips.problem) == (
        "signed", 2, 1, 30.2, 52, 49, "",
    )  # fmt: skip
    assert found.connects == 0


@pytest.mark.parametrize(
    "rows",
    [[signed(OTHER_KEY)], [signed(nonce=bytes(16))], [signed(strange=1)], [{**signed(), "data": b"fwa1"}],
     [signed(), signed(OTHER_KEY)]],
)  # fmt: skip
def test_an_answer_that_is_not_the_landmarks_is_forged(rows: list[dict[str, Any]]) -> None:
    host = Answers("linux", {**OWN, "signed_trip 198.51.100.9 4433 3 udp": rows})
    (trips,) = run(host, plan(SIGNED)).trips
    assert trips.problem == "forged"
    good = [row for row in rows if row["data"] == signed()["data"]]
    assert trips.count == len(good), "only what the landmark signed is a time"


def test_where_udp_is_silent_tcp_is_asked() -> None:
    rows = {**OWN, "signed_trip 198.51.100.9 4433 3 udp": [{"nonce": NONCE, "problem": "timeout"}] * 2,
            "signed_trip 198.51.100.9 4433 3 tcp": [signed(ttl=None)]}  # fmt: skip
    found = run(Answers("linux", rows), plan(SIGNED))
    assert [(it.count, it.min_ms, it.ttl, it.problem) for it in found.trips] == [(1, 30.2, None, "")]
    assert found.connects == 1


def test_a_plan_without_a_usable_key_proves_nothing() -> None:
    for key in ("", "zz", "00", "00" * 32):
        rows = {**OWN, "signed_trip 198.51.100.9 4433 3 udp": [signed()]}
        asked = target("own", "198.51.100.9", port=4433, method="signed", public_key=key)
        (trips,) = run(Answers("linux", rows), plan(asked)).trips
        assert (trips.count, trips.problem) == (0, "forged")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tcp_trips, signed_trips):
        monkeypatch.setattr(module, "BETWEEN_SECONDS", (0.0, 0.01))
    monkeypatch.setattr(measuring, "CONTROL_MICROS", 1_000_000)  # a machine that runs tests is busy


@pytest.mark.usefixtures("hurried")
def test_a_live_round_replays_from_its_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    with tcp(tls_after(0.05)) as port, udp(signs()) as own:
        monkeypatch.setattr("farmwatch_agent.probes.latency.allowed.PORT", port)
        asked = plan(
            target("near", "127.0.0.1", port=port),
            target("own", "127.0.0.1", port=own, method="signed", public_key=PUBLIC_KEY),
        )
        recording = RecordingHost(open_host())
        live = run(recording, asked, "127.0.0.0/8")
    again = ReplayingHost(capture.unpack(capture.pack(recording.capture(raw=True))))
    replayed = run(again, asked, "127.0.0.0/8")
    assert replayed.trips == live.trips
    near, own_trips = live.trips[0], live.trips[-1]
    assert near.first_byte_ms is not None
    assert near.first_byte_ms >= 50 > (near.min_ms or 0)
    assert (own_trips.method, own_trips.count, own_trips.ttl_seen, own_trips.problem) == ("signed", 3, 57, "")
    assert ALERT[0] == 0x15
