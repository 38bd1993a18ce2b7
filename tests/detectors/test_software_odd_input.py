"""Whatever a report holds, the software, network and fleet detectors answer within their contract."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farmwatch_detectors import (
    meeting_remote_control,
    os_remote_desktop,
    out_of_band,
    remote_access_tool,
    remote_session,
    reverse_tunnel,
    second_remote_tool,
    shared_gateway,
    unknown_remote_tool,
    vpn_or_tunnel,
)
from farmwatch_detectors.detector import Detector, level_table
from farmwatch_detectors.products import remote_tools, tunnels
from farmwatch_detectors.view import Tie
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.media import Grant, MediaUse
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Route
from farmwatch_schema.observables.processes import Process, RecentProgram
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener
from farmwatch_schema.observables.software import Package

from .views import KEYER, NOW, view

DETECTORS = tuple(
    module.DETECTOR
    for module in (
        remote_access_tool, os_remote_desktop, remote_session, second_remote_tool, unknown_remote_tool, reverse_tunnel,
        meeting_remote_control, out_of_band, vpn_or_tunnel, shared_gateway,
    )
)  # fmt: skip

#: Odd text, and names that mean something, so that matches happen too.
_KNOWN = [name for product in (*remote_tools(), *tunnels()) for name in (*product.names.linux, *product.services)]
_TEXT = st.text(max_size=20) | st.sampled_from([*_KNOWN, "python3", "tun0", "wg0", "docker0", ""])
_PORT = st.sampled_from([22, 3389, 5900, 21118, 21119, 47990]) | st.integers(-1, 70_000)
_SCOPE = st.sampled_from(["network", "loopback", ""])
_ADDRESS = st.sampled_from(["127.0.0.1", "192.168.1.2", "198.51.100.7", "?"]).map(lambda a: KEYER.key("address", a))

_PROCESS = st.builds(
    Process, name=_TEXT, path=st.none() | _TEXT, package=st.none() | _TEXT, original_name=st.none() | _TEXT,
    kernel_names=st.tuples(_TEXT), flags=st.tuples(st.sampled_from(["rfbport", "tunnel_mode", "script_xpra", "?"])),
    holds=st.none() | st.just(("uinput",)),
)  # fmt: skip
_SERVICE = st.builds(Service, name=_TEXT, kind=_TEXT, path=_TEXT, enabled=st.none() | st.booleans())
_LISTENER = st.builds(Listener, protocol=st.sampled_from(["tcp", "udp"]), port=_PORT, scope=_SCOPE, owner=_TEXT)
_INBOUND = st.builds(InboundConnection, port=_PORT, peer=_ADDRESS, owner=_TEXT)
_SESSION = st.builds(Session, origin=st.sampled_from(["remote", "console"]), protocol=_TEXT | st.just("rdp"))
_NETWORK = (
    st.builds(NetworkInterface, name=_TEXT, kind=st.sampled_from(["tunnel", "ethernet", "?"]), driver=_TEXT)
    | st.builds(Gateway, family=st.just("ipv4"), interface=_TEXT, metric=st.integers(-1, 9))
    | st.builds(Route, destination=_TEXT, interface=_TEXT)
)
_RAN = st.builds(RecentProgram, name=_TEXT, path=_TEXT, last_run=st.sampled_from(["2026-11-18", "", "yesterday", "0"]))
_HOST = st.builds(
    HostFacts, os=st.sampled_from(["Windows 11", "macOS", "Debian", ""]),
    out_of_band=st.none() | st.sampled_from(["provisioned", "present", "?"]),
)  # fmt: skip
_MEDIA = (
    st.builds(Grant, what=st.sampled_from(["screen", "accessibility", "remote_desktop", "?"]), app=_TEXT,
              path=st.none() | _TEXT, allowed=st.none() | st.booleans())
    | st.builds(MediaUse, what=st.just("screen"), app=_TEXT, path=st.none() | _TEXT)
)  # fmt: skip
_BROWSERS = st.builds(NativeHost, browser=_TEXT, name=_TEXT | st.just("com.google.chrome.remote_desktop")) | st.builds(
    BrowserExtension, browser=_TEXT, id=_TEXT
)
_TIE = st.builds(
    Tie, kind=st.just("gateway_mac"), value=_TEXT, holders=st.lists(_TEXT, max_size=9).map(tuple),
    fleet=st.integers(0, 9),
    unrelated=st.lists(_TEXT, max_size=9).map(tuple), place=_TEXT, since=st.none() | st.just(NOW),
)  # fmt: skip


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    processes=st.lists(_PROCESS | _RAN, max_size=3), host=_HOST, media=st.lists(_MEDIA, max_size=3),
    browsers=st.lists(_BROWSERS, max_size=2), services=st.lists(_SERVICE, max_size=2),
    software=st.lists(st.builds(Package, name=_TEXT), max_size=2), network=st.lists(_NETWORK, max_size=4),
    sockets=st.lists(_LISTENER | _INBOUND, max_size=4), sessions=st.lists(_SESSION, max_size=2),
    ties=st.lists(_TIE, max_size=2),
)  # fmt: skip
def test_every_finding_keeps_the_contract(
    detector: Detector, processes: list[Process | RecentProgram], host: HostFacts, media: list[Grant | MediaUse],
    browsers: list[NativeHost | BrowserExtension], services: list[Service], software: list[Package],
    network: list[NetworkInterface | Gateway | Route], sockets: list[Listener | InboundConnection],
    sessions: list[Session], ties: list[Tie],
) -> None:  # fmt: skip
    device = view(
        processes=processes, services=services, software=software, network=network, sockets=sockets, sessions=sessions,
        host=[host], media=media, browsers=browsers,
    )  # fmt: skip
    device = msgspec.structs.replace(device, ties=tuple(ties))
    rows = level_table(detector.id)
    found = list(detector.detect(device))
    for finding in found:
        assert (finding.detector, finding.group) == (detector.id, detector.group)
        assert finding.level == 0 or finding.level in rows
        assert finding.evidence
        assert finding.sentence.endswith(".") or finding.sentence.endswith("?")
    if detector.id != "shared_gateway":
        assert len({finding.subject for finding in found}) == len(found)
    assert found == list(detector.detect(device))
