"""`farmwatch catalog check`: the shipped catalogues are sound, and a broken one is told with file, entry and field."""

import json
from datetime import date
from pathlib import Path

import pytest

from farmwatch_collector.catalogues import checking
from farmwatch_collector.cli import main

CATALOG = Path("detectors/farmwatch_detectors/catalog")
SHIPPED = checking.read_folder(str(Path(__file__).parent.parent.parent / CATALOG))
TODAY = date(2026, 11, 30)


def faults(name: str, *changes: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Returns file, entry and field of the faults that a change of one catalogue makes."""
    text = SHIPPED[name].decode()
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    found = checking.check({**SHIPPED, name: text.encode()}, TODAY)[1]
    return [(fault.file, fault.entry, fault.field) for fault in found]


def test_the_shipped_catalogues_are_sound() -> None:
    summaries, found = checking.check(SHIPPED, TODAY)
    assert found == []
    assert {summary.name for summary in summaries} == set(checking.CATALOGUES)


def test_nothing_that_was_compiled_is_missing() -> None:
    """Counts of the collection: 247 remote tools, 96 tunnels, 55 deception tools of which two are hardware, 17
    extensions and 2 hosts, 31 collisions, 319 records of LOLRMM under 313 names."""
    counts = {summary.name: summary.entries for summary in checking.check(SHIPPED, TODAY)[0]}
    least = {"remote_access": 247, "vpn_tunnel": 96, "deception": 53, "extensions": 19, "name_collisions": 31}
    assert {name: counts[name] for name in least if counts[name] < least[name]} == {}


@pytest.mark.parametrize(
    ("name", "change", "entry", "field"),
    [
        ("remote_access", ("- id: anydesk\n", "- id: anydesk\n  colour: red\n"), "anydesk", ""),
        ("remote_access", ("- id: anydesk\n", "- id: AnyDesk 2\n"), "AnyDesk 2", "id"),
        ("vpn_tunnel", ("- id: nordvpn\n", "- id: astrill\n"), "astrill", "id"),
        ("vpn_tunnel", ("  date: 2026-11-22", "  date: 2031-01-01"), "astrill", "date"),
        ("vpn_tunnel", ("source: [C, T, K]", "source: [Q]"), "astrill", "source"),
        ("vpn_tunnel", ("confidence: list", "confidence: sure"), "astrill", "confidence"),
        ("vpn_tunnel", ("[astrill.exe]", "[svchost.exe]"), "astrill", "names"),
        ("vpn_tunnel", ("[astrill.exe]", "[client.exe]"), "astrill", "names"),
        ("vpn_tunnel", ("[astrill.exe]", "[rv.exe]"), "astrill", "names"),
        ("vpn_tunnel", ("[astrill.exe]", "[nordvpn-service.exe]"), "nordvpn", "names.windows"),
        ("vpn_tunnel", (r"'\astrill\'", r"'\program files\'"), "astrill", "paths"),
        ("vpn_tunnel", ("services: [ASOvpnSvc]", "services: [spooler]"), "astrill", "services"),
        ("vpn_tunnel", ("  adapters: [Astrill", "  services: [a]\n  adapters: [Astrill"), "astrill", "services"),
        ("remote_access", ("domains: ['*.action1.com']", "domains: ['*.com']"), "action1", "domains"),
        ("vpn_tunnel", ("tags: [farm-reported]\n", "tags: [x]\n  ports: [tcp/0]\n"), "astrill", "ports"),
        ("vpn_tunnel", ("tags: [farm-reported]\n", "tags: [x]\n  patterns: ['a*.exe']\n"), "astrill", "patterns"),
        ("vpn_tunnel", ("tags: [farm-reported]\n", "tags: [x]\n  weak: [astrill.exe]\n"), "astrill", "weak"),
        ("remote_access", ("- id: remmina\n", "- id: remmina\n  ports: [tcp/5900]\n"), "remmina", "ports"),
        ("extensions", ("[inomeogfingihgjfjlpeplalcfajhgai]", "[chrome]"), "chrome-remote-desktop", "ids"),
        ("extensions", ("product: teamviewer\n", "product: teamwiever\n"), "teamviewer-app", "product"),
        ("lolrmm", ("tool: anydesk\n", "tool: anydeks\n"), "anydesk", "tool"),
        ("edid", ('["LNX:7770"', '["lnx:7770"'), "pikvm", "pairs"),
        ("edid", ("product: pikvm\n", "product: pikwm\n"), "pikvm", "product"),
        ("ip_kvm", ('ids: ["1209:eda2"]', 'ids: ["1209:EDA2"]'), "pikvm", "ids"),
        ("name_collisions", ("tools: [rsupport-remoteview]", "tools: [nobody]"), "rv", "tools"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_told_with_file_entry_and_field(
    name: str, change: tuple[str, str], entry: str, field: str
) -> None:
    assert (f"{name}.yaml", entry, field) in faults(name, change)


def test_an_alarming_viewer_is_a_fault() -> None:
    """Remmina shows other computers; as `warn` it would accuse whoever works on them."""
    text = SHIPPED["remote_access"].decode()
    start = text.index("- id: remmina\n")
    entry = text[start : text.index("\n- id: ", start)]
    alarming = entry.replace("alarm: allow", "alarm: warn").replace("alarm: info", "alarm: warn")
    assert alarming != entry
    assert ("remote_access.yaml", "remmina", "alarm") in faults("remote_access", (entry, alarming))


def test_facts_that_nobody_confirmed_must_stand_apart() -> None:
    change = (
        "  confidence: list\n  names: {windows: [astrill.exe]",
        "  confidence: unverified\n  names: {windows: [astrill.exe]",
    )
    assert ("vpn_tunnel.yaml", "astrill", "confidence") in faults("vpn_tunnel", change)


def test_a_catalogue_that_is_missing_or_unknown_is_a_fault() -> None:
    less = {name: data for name, data in SHIPPED.items() if name != "edid"}
    found = checking.check({**less, "edids": SHIPPED["edid"]}, TODAY)[1]
    assert {fault.file for fault in found} == {"edid.yaml", "edids.yaml"}


def test_a_catalogue_that_is_no_yaml_is_one_fault_and_the_others_are_checked() -> None:
    found = checking.check({**SHIPPED, "edid": b"version: [", "vpn_tunnel": b"\xff"}, TODAY)[1]
    assert {fault.file for fault in found} == {"edid.yaml", "vpn_tunnel.yaml"}


def test_the_command_prints_counts_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "check"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("sound: ")


def test_the_command_names_each_fault_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in SHIPPED.items():
        (tmp_path / f"{name}.yaml").write_bytes(data.replace(b"[ASOvpnSvc]", b"[spooler]"))
    assert main(["catalog", "check", "--dir", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "vpn_tunnel.yaml entry astrill services: spooler is a service of the system itself." in shown.err
    assert main(["catalog", "check", "--dir", str(tmp_path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["ok"], document["code"]) == ("farmwatch-catalog-check-v1", False, 1)
    assert document["faults"] == [
        {
            "file": "vpn_tunnel.yaml",
            "entry": "astrill",
            "field": "services",
            "problem": "spooler is a service of the system itself",
        }
    ]


def test_a_folder_that_is_none_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "check", "--dir", str(tmp_path / "nowhere")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_the_page_lists_every_entry_that_nobody_confirmed() -> None:
    page = (Path(__file__).parent.parent.parent / "docs/catalogues.md").read_text(encoding="utf-8")
    listed = " ".join(page.partition("<!-- unverified:")[2].partition("\n## ")[0].partition("-->")[2].split())
    said = {part.partition(".yaml`: ")[0]: part.partition(": ")[2] for part in listed.removeprefix("- `").split(" - `")}
    for name, kind in checking.CATALOGUES.items():
        ids = sorted(e.id for e in checking.parsed(SHIPPED[name], name, kind).entries if e.confidence == "unverified")
        assert said.get(name, ".") == ", ".join(ids) + ".", f"docs/catalogues.md, list of {name}.yaml"
