"""`farmwatch tokens`, `devices` and the options of `serve`, on a store in a folder."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from farmwatch_collector.cli import main
from farmwatch_collector.ingest import token_digest
from farmwatch_collector.store import open_store
from farmwatch_collector.store.protocol import Device

Capture = pytest.CaptureFixture[str]


def enrol(folder: Path, token: str, name: str) -> None:
    store = open_store(f"sqlite:///{folder}/farmwatch.db")
    store.enrol(
        token_digest(token),
        Device(
            device=name, name=f"{name}.example", platform="linux", public_key=b"k" * 32, enrolled_at=datetime.now(UTC)
        ),
    )
    store.close()


def test_a_new_token_is_printed_once_and_enrols(tmp_path: Path, capsys: Capture) -> None:
    assert main(["tokens", "new", "--uses", "2", "--label", "new hires", "--data", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    token = shown.out.strip()
    assert len(token) == 32
    assert "2 uses until" in shown.err
    enrol(tmp_path, token, "laptop-1")
    assert token.encode() not in (tmp_path / "farmwatch.db").read_bytes()
    assert main(["tokens", "list", "--data", str(tmp_path)]) == 0
    listed = capsys.readouterr().out
    assert "new hires" in listed
    assert "1 of 2" in listed
    assert token not in listed


def test_tokens_as_json(tmp_path: Path, capsys: Capture) -> None:
    main(["tokens", "new", "--days", "3", "--json", "--data", str(tmp_path)])
    (made,) = json.loads(capsys.readouterr().out)["items"]
    ends = datetime.fromisoformat(made["expires_at"])
    assert timedelta(days=2.9) < ends - datetime.now(UTC) <= timedelta(days=3)
    main(["tokens", "list", "--json", "--data", str(tmp_path)])
    (row,) = json.loads(capsys.readouterr().out)["items"]
    assert (row["uses"], row["used"]) == (1, 0)


@pytest.mark.parametrize(("option", "value"), [("--uses", "0"), ("--days", "0"), ("--days", "31")])
def test_a_token_out_of_bounds_names_the_option(tmp_path: Path, capsys: Capture, option: str, value: str) -> None:
    assert main(["tokens", "new", option, value, "--data", str(tmp_path)]) == 1
    assert f"{option} {value}" in capsys.readouterr().err


def test_devices_in_a_table_and_as_json(tmp_path: Path, capsys: Capture) -> None:
    main(["tokens", "new", "--data", str(tmp_path)])
    token = capsys.readouterr().out.strip()
    assert main(["devices", "--data", str(tmp_path)]) == 0
    assert "farmwatch tokens new" in capsys.readouterr().out
    enrol(tmp_path, token, "laptop-1")
    main(["devices", "--data", str(tmp_path)])
    (line,) = capsys.readouterr().out.splitlines()[1:]
    assert line.split()[:4] == ["-", "not", "judged", "laptop-1"]
    main(["devices", "--json", "--data", str(tmp_path)])
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["unjudged"] == 1
    assert document["items"][0]["name"] == "laptop-1.example"
    assert document["items"][0]["points"] is None
    main(["devices", "--json", "--search", "nobody", "--data", str(tmp_path)])
    assert json.loads(capsys.readouterr().out)["items"] == []


def test_looking_at_a_folder_without_a_store_makes_none_and_says_so(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "elsewhere"
    assert main(["devices", "--json", "--data", str(folder)]) == 1
    said = capsys.readouterr()
    assert "Name its folder with --data" in said.err
    assert json.loads(said.out)["ok"] is False
    assert not folder.exists()


def test_serve_refuses_other_addresses_before_it_makes_anything(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "data"
    assert main(["serve", "--host", "0.0.0.0", "--data", str(folder)]) == 1
    assert "no accounts yet" in capsys.readouterr().err
    assert not folder.exists()


def test_serve_names_a_policy_that_cannot_be_read(tmp_path: Path, capsys: Capture) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nsanctons: []\n")
    assert main(["serve", "--policy", str(policy), "--port", "0", "--data", str(tmp_path / "data")]) == 1
    said = capsys.readouterr().err
    assert "policy.yaml" in said
    assert "sanct" in said


def test_a_store_that_does_not_exist_is_named(capsys: Capture) -> None:
    assert main(["devices", "--store", "mysql:///x"]) == 1
    assert "sqlite:///PATH" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("")
    assert main(["tokens", "list", "--data", str(tmp_path / "file" / "below")]) == 1
    said = capsys.readouterr().err
    assert "cannot be opened" in said
    assert "--data" in said


@pytest.mark.parametrize("words", [["tokens", "--json"], ["devices", "--level", "high", "--json"], ["bogus", "--json"]])
def test_a_wrong_command_line_is_a_document_too_where_one_was_asked_for(words: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["code"]) == (False, 2)
    assert document["verb"] == ("" if words[0] == "bogus" else words[0])
    assert document["error"]


@pytest.mark.parametrize("port", ["65536", "-1"])
def test_a_port_that_cannot_be_is_named(tmp_path: Path, capsys: Capture, port: str) -> None:
    assert main(["serve", "--data", str(tmp_path / "data"), f"--port={port}"]) == 1
    assert f"--port {port}: there is no such port" in capsys.readouterr().err
