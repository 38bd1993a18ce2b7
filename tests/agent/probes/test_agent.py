"""The agent probe: what the reader tells of itself."""

from pathlib import Path

import pytest

from farmwatch_agent import health
from farmwatch_agent.health import Health, Stop
from farmwatch_agent.probes.agent import health as probe
from farmwatch_schema.observables.agent import AgentHealth, SpoolReset, StoppedProbe

from ..linux_tree import NOW, Tree, look


def test_what_the_reader_keeps_of_itself_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reset = SpoolReset(reset_at="2026-11-22T08:00:00Z", epoch="ab", first_lost=3, last_lost=9)
    kept = Health(
        stopped={"usb": Stop(reason="took more than 5 s", until=NOW)},
        resets=[(NOW, reset)],
        restarts=3,
        clock_offset=-86_397.0,
    )
    monkeypatch.setattr(health, "current", kept)
    digest = probe.source_digest()
    assert look(Tree(tmp_path).host(), "agent") == [
        AgentHealth(rights="root", clock_offset=-86_400, restarts="2-4", source_digest=digest),
        reset,
        StoppedProbe(kind="usb", reason="took more than 5 s", until="2026-11-22T12:00:00Z"),
    ]
    assert len(digest) == 64


def test_an_ordinary_users_rights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "current", Health())
    (seen,) = look(Tree(tmp_path).host(euid=1000), "agent")
    assert isinstance(seen, AgentHealth)
    assert (seen.rights, seen.clock_offset, seen.restarts) == ("user", None, "")


def test_an_edited_program_file_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.py").write_text("one")
    monkeypatch.setattr(probe, "_PACKAGE", str(tmp_path))
    before = probe.source_digest.__wrapped__()
    (tmp_path / "sub" / "a.py").write_text("two")
    assert probe.source_digest.__wrapped__() != before
