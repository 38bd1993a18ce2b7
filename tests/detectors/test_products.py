"""The catalogues of programs keep their own rules. Figures: 247 tools, 96 tunnels and 31 collisions were compiled."""

import itertools
import re
from datetime import date

import pytest

from farmwatch_agent.host.argument_flags import FLAGS
from farmwatch_detectors.matching import Match, tool_index, tunnel_index
from farmwatch_detectors.products import (
    Collision,
    Names,
    Product,
    RemoteTool,
    Tunnel,
    collisions,
    remote_tools,
    tunnels,
)
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service

ALL: tuple[Product, ...] = (*remote_tools(), *tunnels())
PLATFORMS = ("windows", "macos", "linux")

#: Programs that are part of a system: none may ever be a strong name.
SYSTEM = {
    "svchost", "explorer", "dwm", "lsass", "csrss", "winlogon", "taskhostw", "rundll32", "cmd", "powershell", "conhost",
    "launchd", "kernel_task", "windowserver", "systemd", "bash", "sh", "python3", "ssh", "plink", "setup", "agent",
    "service", "connect", "helper", "update", "updater", "server", "client", "node", "java",
}  # fmt: skip


def _stem(name: str) -> str:
    return name.casefold().removesuffix(".exe")


def test_the_catalogues_are_whole() -> None:
    assert (len(remote_tools()), len(tunnels()), len(collisions())) == (248, 97, 31)


@pytest.mark.parametrize("catalogue", [remote_tools(), tunnels()])
def test_no_name_service_package_or_bundle_belongs_to_two_products(catalogue: tuple[Product, ...]) -> None:
    owners: dict[tuple[str, str], set[str]] = {}
    for product in catalogue:
        for platform in PLATFORMS:
            for name in product.names.on(platform):
                owners.setdefault((platform, _stem(name)), set()).add(product.id)
        for kind in ("services", "packages", "bundle_ids", "distinctive"):
            for name in getattr(product, kind):
                owners.setdefault((kind, name.casefold()), set()).add(product.id)
    assert {key: ids for key, ids in owners.items() if len(ids) > 1} == {}


def test_every_entry_has_known_sources_and_a_past_date() -> None:
    for product in ALL:
        assert all(source in "LSRJIBVPCTK" or "@" in source for source in product.source), product.id
        assert date(2024, 1, 1) <= product.date <= date(2026, 11, 30), product.id


def test_a_weak_name_is_never_listed_as_a_strong_one() -> None:
    for product in ALL:
        strong = {_stem(name) for platform in PLATFORMS for name in product.names.on(platform)}
        assert strong.isdisjoint({_stem(name) for name in product.weak}), product.id
        assert strong.isdisjoint(SYSTEM), product.id


def test_colliding_names_are_strong_in_no_catalogue() -> None:
    generic = {
        _stem(n) for c in collisions() if c.kind == "name" and c.alone in ("none", "low", "info") for n in c.names
    }
    for product in ALL:
        strong = {_stem(name) for platform in PLATFORMS for name in product.names.on(platform)}
        assert strong.isdisjoint(generic), product.id


def test_facts_that_nobody_confirmed_stand_apart() -> None:
    for product in ALL:
        if product.confidence == "unverified":
            kept = (product.paths, product.packages, product.services, product.bundle_ids, product.signers)
            assert not any(kept), product.id
            assert product.names == Names(), product.id


def test_patterns_have_one_star_and_a_telling_beginning() -> None:
    for product in ALL:
        for pattern in product.patterns:
            assert pattern.count("*") == 1, product.id
            assert len(pattern.split("*", maxsplit=1)[0]) >= 6, product.id


def test_path_fragments_are_whole_folders_or_long_enough() -> None:
    for product in ALL:
        for fragment in (*product.paths, *product.hints.paths):
            assert len(re.sub(r"[\\/]", "", fragment)) >= 3, (product.id, fragment)


def test_ports_are_written_as_protocol_and_number() -> None:
    for product in ALL:
        for port in (*product.ports, *product.distinctive, *product.hints.ports):
            assert re.fullmatch(r"(tcp|udp)/\d{2,5}", port), product.id
            assert 0 < int(port[4:]) < 65536


def test_distinctive_ports_are_not_ports_that_others_use_too() -> None:
    common = {"tcp/22", "tcp/80", "tcp/443", "tcp/3389", "tcp/5900", "tcp/5901", "tcp/8080", "tcp/8443"}
    others = {port: product.id for product in ALL for port in product.ports}
    for product in ALL:
        assert set(product.distinctive).isdisjoint(common)
        assert all(others.get(port, product.id) == product.id for port in product.distinctive), product.id


def test_flags_are_flags_that_the_agent_can_report() -> None:
    assert {part for product in ALL for flag in product.flags for part in flag.split("+")} <= FLAGS


def test_farm_reported_tags_are_the_ones_that_published_reports_name() -> None:
    tagged = {product.id for product in ALL if "farm-reported" in product.tags}
    assert tagged == {
        "anydesk", "rustdesk", "chrome-remote-desktop", "teamviewer", "anyviewer", "jump-desktop", "astrill",
    }  # fmt: skip


@pytest.mark.parametrize("record", collisions(), ids=lambda record: record.id)
def test_a_colliding_name_alone_gives_no_more_than_its_record_allows(record: Collision) -> None:
    allowed = {"none": {"none"}, "info": {"none"}, "low": {"none", "low"}}.get(record.alone, set())
    if record.kind == "domain":
        assert {domain for product in ALL for domain in product.domains}.isdisjoint(record.names)
        return
    for name, platform in itertools.product(record.names, PLATFORMS):
        process = Process(name=name.removesuffix(".app"), path=f"/somewhere/{name}")
        if record.kind == "signer":
            process = Process(name="chrome.exe", path=r"C:\x\chrome.exe", signer=name)
        service = Service(name=name, kind="systemd")
        found: list[Match[RemoteTool] | Match[Tunnel]] = [
            *tool_index().program(process, platform),
            *tool_index().service(service, platform),
            *tunnel_index().program(process, platform),
            *tunnel_index().service(service, platform),
        ]
        for match in found:
            assert match.product.role == "viewer" or not allowed or match.confidence in allowed, match
