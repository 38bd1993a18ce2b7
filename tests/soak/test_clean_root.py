"""The two commands, as a stranger types them: a fresh clone in a root with only Python 3.11, venv, make and git."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(os.environ.get("FARMWATCH_CLEAN_ROOT", "/var/tmp/farmwatch-clean-root"))

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(os.geteuid() != 0, reason="a clean root needs root rights"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap is not installed"),
]


def in_clean_root(*command: str, minutes: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "packaging" / "clean-root.sh"), str(FOLDER), *command],
        capture_output=True,
        text=True,
        timeout=minutes * 60,
        check=False,
    )


def test_make_demo_runs_from_no_environment_at_all() -> None:
    done = in_clean_root("make", "demo", "ARGS=--once", minutes=10)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "near certain" in done.stdout or "review" in done.stdout


def test_make_test_passes_from_no_environment_at_all() -> None:
    done = in_clean_root("make", "test", minutes=20)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_a_python_without_ensurepip_is_told_what_to_install() -> None:
    done = in_clean_root(
        "sh", "-c", "mkdir -p /tmp/blind/ensurepip && printf 'raise ImportError' > /tmp/blind/ensurepip/__init__.py"
        " && PYTHONPATH=/tmp/blind make demo ARGS=--once", minutes=10,
    )  # fmt: skip
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr


def test_no_network_is_told_in_one_line() -> None:
    done = in_clean_root(
        "sh", "-c", "PIP_RETRIES=0 PIP_INDEX_URL=http://127.0.0.1:9/ make demo ARGS=--once", minutes=10
    )
    assert done.returncode != 0
    assert "is the network there?" in done.stderr
