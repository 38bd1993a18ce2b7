"""`farmwatch catalog import-lolrmm`: what a newer LOLRMM brings, and what it must never bring.

The traps are LOLRMM's own, at commit 3c75cf09: dwm.exe under Teramind, plink.exe under Freshservice, "win.rar GmbH"
as the signer of Level, `*.local` under Faronics, login.tailscale.com under Tactical RMM, prose in place of a path.
"""

import json
import os
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.catalogues import checking, lolrmm
from farmwatch_collector.cli import main
from farmwatch_collector.input_error import InputError
from farmwatch_detectors.catalog import parse
from farmwatch_detectors.catalog.lolrmm import corrections
from farmwatch_detectors.products import RemoteTool, overlaid, remote_tools

from .lolrmm_export import exampletool, record


def imported(tmp_path: Path, *records: dict[str, Any]) -> tuple[dict[str, RemoteTool], dict[str, Any]]:
    """Returns the tools that an export lays over ours, by id, and the report, as the command gives both."""
    export, output = tmp_path / "rmm_tools.json", tmp_path / "overlay.yaml"
    export.write_text(json.dumps(list(records)))
    report = tmp_path / "report"
    with report.open("w") as file:
        code = _captured(file, "catalog", "import-lolrmm", str(export), "--output", str(output), "--json")
    assert code == 0, report.read_text()
    item = json.loads(report.read_text())["items"][0]
    tools = parse(output.read_bytes(), "overlay", RemoteTool).entries
    return {tool.id: tool for tool in tools}, item


def _captured(file: Any, *words: str) -> int:
    import contextlib

    with contextlib.redirect_stdout(file):
        return main(words)


def refusals(item: dict[str, Any]) -> dict[str, str]:
    return {each["value"]: each["reason"] for row in item["records"] for each in row["refused"]}


def test_a_new_tool_comes_with_every_fact_that_matching_can_use(tmp_path: Path) -> None:
    tools, item = imported(tmp_path, exampletool())
    tool = tools["example-reach"]
    assert tool.names.windows == ("ExampleReach.exe", "ExampleReachHost.exe")
    assert tool.names.macos == ("ExampleReach",)
    assert tool.names.linux == ("example-reachd",)
    assert tool.paths == ("\\Example Reach\\", "Example Reach.app/")
    assert set(tool.services) == {"ExampleReachSvc", "example-reach.service", "com.example.reach"}
    assert tool.signers == ("Example Reach GmbH",)
    assert tool.domains == ("*.reach.example.com", "relay.example.net")
    assert (tool.alarm, tool.role, tool.confidence, tool.source) == ("warn", "host", "list", ("L",))
    assert item["counts"]["added"] == 1


def test_an_installer_is_no_mark_of_the_installed_tool(tmp_path: Path) -> None:
    tools, _ = imported(tmp_path, exampletool())
    assert "setup" not in str(tools["example-reach"].names).casefold()


def test_a_newer_record_of_a_known_tool_adds_only_what_is_new(tmp_path: Path) -> None:
    tools, item = imported(
        tmp_path, record("AnyDesk", paths=[r"C:\Program Files\AnyDesk\AnyDesk.exe", "AnyDeskHelper.exe"])
    )
    assert tools["anydesk"].names.windows == ("AnyDeskHelper.exe",)
    assert tools["anydesk"].paths == ()
    assert item["counts"]["changed"] == 1
    merged = {tool.id: tool for tool in overlaid(remote_tools(), tuple(tools.values()))}["anydesk"]
    before = {tool.id: tool for tool in remote_tools()}["anydesk"]
    assert set(merged.names.windows) == {*before.names.windows, "AnyDeskHelper.exe"}
    assert (merged.alarm, merged.tags) == (before.alarm, before.tags)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"paths": ["dwm.exe"]}, "is a program of Windows itself"),
        ({"paths": ["plink.exe"]}, "ships with many programs"),
        ({"paths": ["agent.exe"]}, "is an ordinary word"),
        ({"paths": ["connect.exe"]}, "is an ordinary word"),
        ({"paths": ["AnyDesk.exe"]}, "belongs to anydesk"),
        ({"paths": ["nordvpn-service.exe"]}, "belongs to another catalogue"),
        ({"paths": ["nvda.exe"]}, "belongs to another catalogue"),
        ({"paths": [r"C:\Windows\System32\*"]}, "is a folder of the system or of everybody"),
        ({"paths": ["a*b*c.exe"]}, "is no pattern with one star"),
        ({"signers": ["win.rar GmbH"]}, "signs many products"),
        ({"signers": ["Google LLC"]}, "signs many products"),
        ({"services": ["TermService"]}, "is a service of the system itself"),
        ({"domains": ["*.local"]}, "holds every host under a name that anybody uses"),
        ({"domains": ["*.com"]}, "holds every host under a name that anybody uses"),
        ({"domains": ["*.co.uk"]}, "holds every host under a name that anybody uses"),
        ({"domains": ["github.com"]}, "is a host of many unrelated products"),
        ({"domains": ["login.tailscale.com"]}, "is a host of many unrelated products"),
        ({"domains": ["a1.s3.amazonaws.com"]}, "is rented by anybody, host by host"),
        ({"domains": ["192.0.2.7"]}, "is an address, which changes hands"),
        ({"domains": ["user_managed"]}, "is no host name"),
    ],
    ids=str,
)
def test_what_ordinary_computers_are_full_of_is_refused_with_the_reason(
    tmp_path: Path, fact: dict[str, list[str]], reason: str
) -> None:
    base = exampletool()
    extra = record("Example Reach", **fact)
    tools, item = imported(tmp_path, base, extra)
    before, _ = imported(tmp_path, base)
    assert tools == before
    assert any(said.startswith(reason) for said in refusals(item).values()), refusals(item)


def test_a_name_of_the_collision_list_comes_in_as_weak_only(tmp_path: Path) -> None:
    """rv.exe is RSupport's RemoteView, and Autodesk's player."""
    tools, _ = imported(tmp_path, record("Example Reach", paths=["rcservice.exe", "ExampleReach.exe"]))
    assert tools == {} or "rcservice.exe" not in tools["example-reach"].names.windows
    tools, _ = imported(tmp_path, record("Example Reach", paths=["level.exe", "srserver.exe", "ExampleReach.exe"]))
    assert tools["example-reach"].names.windows == ("ExampleReach.exe",)


def test_a_viewer_is_never_brought_in_as_a_host(tmp_path: Path) -> None:
    tools, _ = imported(tmp_path, record("Example Reach", paths=["ExampleReach.exe", "ExampleReachViewer.exe"]))
    assert tools["example-reach"].names.windows == ("ExampleReach.exe",)
    assert tools["example-reach"].weak == ("ExampleReachViewer.exe",)


def test_what_we_left_out_stays_out(tmp_path: Path) -> None:
    """NVDA, PuTTY, Tailscale ...: whatever a later record of theirs says."""
    names = [name for entry in corrections().values() if not entry.tool for name in entry.records]
    tools, item = imported(tmp_path, *({**exampletool(), "Name": name} for name in names))
    assert tools == {}
    assert {row["what"] for row in item["records"]} == {"left_out"}
    assert {row["record"] for row in item["records"]} == set(names)
    assert all(len(row["reason"]) > 4 for row in item["records"])


def test_records_that_we_merged_stay_one_tool(tmp_path: Path) -> None:
    """LOLRMM has Splashtop three times."""
    names = [name for entry in corrections().values() if entry.tool == "splashtop" for name in entry.records]
    assert len(set(names)) >= 3
    tools, _ = imported(tmp_path, *[record(name, paths=[f"Splash{i}Helper.exe"]) for i, name in enumerate(set(names))])
    assert list(tools) == ["splashtop"]


def test_facts_that_we_refused_before_are_refused_again_and_said_so(tmp_path: Path) -> None:
    """Komari's record names "Windows Update Service", a disguise of one attack, as its service."""
    tools, item = imported(tmp_path, record("Komari", services=["Windows Update Service"]))
    assert tools == {}
    refused = item["records"][0]["refused"]
    assert [(each["value"], each["before"]) for each in refused] == [("Windows Update Service", True)]


def test_a_record_without_a_mark_is_refused(tmp_path: Path) -> None:
    tools, item = imported(tmp_path, record("Example Nothing", domains=["reach.example.com"]))
    assert tools == {}
    assert item["records"][0]["what"] == "refused"


def test_a_record_or_a_folder_of_records_is_taken_like_the_export(tmp_path: Path) -> None:
    folder = tmp_path / "yaml"
    folder.mkdir()
    (folder / "example_reach.yaml").write_text(yaml.safe_dump(exampletool()))
    (folder / "README.md").write_text("no record")
    (tmp_path / "all.json").write_text(json.dumps([exampletool()]))
    expected, broken = lolrmm.read(str(tmp_path / "all.json"))
    assert lolrmm.read(str(folder)) == (expected, broken)
    assert lolrmm.read(str(folder / "example_reach.yaml")) == (expected, broken)


def test_a_record_that_is_none_is_told_and_the_others_are_taken(tmp_path: Path) -> None:
    export, output = tmp_path / "rmm_tools.json", tmp_path / "overlay.yaml"
    export.write_text(json.dumps([{"Nam": "x"}, 7, exampletool()]))
    with (tmp_path / "report").open("w") as file:
        assert _captured(file, "catalog", "import-lolrmm", str(export), "--output", str(output), "--json") == 0
    item = json.loads((tmp_path / "report").read_text())["items"][0]
    assert item["counts"]["added"] == 1
    assert [sentence.partition(": ")[0][-8:] for sentence in item["broken"]] == ["record 1", "record 2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, ", "line 1: is neither JSON nor YAML"),
        ("Name: [", "is neither JSON nor YAML"),
        ("[]", "holds 0 records"),
        ("[7]", "none of 1 is a record"),
        ("7", "holds neither a record nor a list"),
        ("Name: !!python/object/apply:os.system [ls]", "is neither JSON nor YAML"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(
    tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    export, output = tmp_path / "export", tmp_path / "overlay.yaml"
    export.write_text(text)
    output.write_text("as it was")
    assert main(["catalog", "import-lolrmm", str(export), "--output", str(output)]) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""
    assert output.read_text() == "as it was"


def test_a_dry_run_says_all_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export, output = tmp_path / "rmm_tools.json", tmp_path / "overlay.yaml"
    export.write_text(json.dumps([exampletool()]))
    assert main(["catalog", "import-lolrmm", str(export), "--output", str(output), "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert "added: Example Reach (example-reach): names ExampleReach.exe" in shown.out
    assert "nothing was written" in shown.err
    assert not output.exists()


def test_nothing_is_half_written_where_the_folder_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = tmp_path / "rmm_tools.json"
    export.write_text(json.dumps([exampletool()]))
    assert main(["catalog", "import-lolrmm", str(export), "--output", str(tmp_path / "no" / "overlay.yaml")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["rmm_tools.json"]


def test_the_same_export_twice_gives_the_same_file(tmp_path: Path) -> None:
    imported(tmp_path, exampletool())
    first = (tmp_path / "overlay.yaml").read_bytes()
    imported(tmp_path, exampletool())
    assert (tmp_path / "overlay.yaml").read_bytes() == first


TEXT = st.text(max_size=60) | st.sampled_from(["C:\\*\\x.exe", "/opt/a/b", "*.exe", "\\\\", "%x%\\", "a\0b.exe"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["Name", "Details", "Artifacts", "CodeSigning", "PEMetadata", "InstallationPaths", "Filename", "EventLog",
         "ServiceName", "Registry", "Path", "Network", "Domains", "signer_names", "certificates", "Disk", "File"]
    ), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(documents=st.lists(VALUES, min_size=1, max_size=3))
def test_whatever_an_export_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Any]
) -> None:
    export = tmp_path_factory.mktemp("export") / "rmm_tools.json"
    export.write_text(json.dumps(documents))
    try:
        records, broken = lolrmm.read(str(export))
    except InputError:
        return
    assert len(records) + len(broken) <= len(documents)
    assert all(record.name for record in records)


def test_without_output_the_installed_catalogues_learn_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--dir` stands for the installed folder: the overlay there is replaced, nothing else, and all stays sound."""
    for name, data in checking.read_folder(str(resources.files("farmwatch_detectors.catalog"))).items():
        (tmp_path / f"{name}.yaml").write_bytes(data)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    export = tmp_path / "rmm_tools.json"
    export.write_text(json.dumps([exampletool()]))
    assert main(["catalog", "import-lolrmm", str(export), "--dir", str(tmp_path)]) == 0
    export.unlink()
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"remote_access_lolrmm.yaml"}
    assert main(["catalog", "check", "--dir", str(tmp_path)]) == 0
    assert "example-reach" in after["remote_access_lolrmm.yaml"].decode()
    capsys.readouterr()
