"""`farmwatch` itself: what it says before a verb runs, and where the collector's packages are missing."""

import json
import subprocess
import sys

import pytest

from farmwatch_collector import __version__
from farmwatch_collector.cli import VERBS, main

#: As in the base install, which is the agent's: the packages of the collector's extra are not there.
BASE_INSTALL = """
import sys
for name in ("alembic", "jinja2", "litestar", "sqlalchemy", "uvicorn", "markupsafe", "numpy"):
    sys.modules[name] = None
from farmwatch_collector.cli import main
sys.exit(main(sys.argv[1:]))
"""


def base_install(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", BASE_INSTALL, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("words", [["serve"], ["devices"], ["tokens", "list"], ["demo", "--once"]])
def test_without_the_collectors_packages_it_says_what_to_install(words: list[str]) -> None:
    done = base_install(*words)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"farmwatch {words[0]}: this needs the Python package ")
    assert "pip install 'farmwatch[collector]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_missing_is_one_json_document_too() -> None:
    done = base_install("devices", "--json")
    answer = json.loads(done.stdout)
    assert (answer["verb"], answer["ok"], answer["code"]) == ("devices", False, 1)
    assert "farmwatch[collector]" in answer["error"]


def test_scoring_and_checking_a_policy_need_nothing_but_the_base_install() -> None:
    assert base_install("score", "no-such-file").stderr.startswith("farmwatch score: no-such-file: cannot be read")
    assert base_install("policy", "check", "no-such-file").stderr.startswith("farmwatch policy: no-such-file: ")


def test_it_tells_its_version_and_its_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"farmwatch {__version__}\n"
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert [verb for verb in VERBS if f"\n    {verb}" not in shown] == []
    assert "\nExamples:\n  farmwatch demo\n  farmwatch score report.jsonl\n" in shown
