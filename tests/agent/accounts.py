"""Another account for tests that root runs: a number is enough, no user needs to be made."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SENDER = 42_424
OTHER = 42_425

needs_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can be two accounts; run the tests as root"
)

#: Loads all that a verb may load later: an interpreter in a folder of root's cannot be read by the other account.
_AS = """
import os, sys, importlib, pkgutil
import encodings.idna, encodings.ascii, stringprep, difflib, traceback, yaml, json, datetime, random, sqlite3
if {network}:
    import http.client, http.cookiejar, ipaddress, netrc, queue, requests, certifi, truststore, nacl.bindings
import farmwatch_agent
for package in ("farmwatch_agent", "farmwatch_schema"):
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(module.__path__, package + "."):
        if found.name.startswith(("farmwatch_agent.host.windows", "farmwatch_agent.host.macos")):
            continue
        if {network} or not found.name.endswith((".transport", ".sender", ".contact", ".send", ".run", "enrolment")):
            try:
                importlib.import_module(found.name)
            except Exception:
                pass
os.umask(0o077)
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
"""


def program(uid: int, code: str, *, network: bool = True) -> list[str]:
    """Returns the command that runs Python code as an account, with umask 077."""
    return [sys.executable, "-c", _AS.format(uid=uid, network=network) + code]


def verb(uid: int, *words: str) -> list[str]:
    """Returns the command that runs a verb of farmwatch-agent as an account."""
    return program(uid, f"from farmwatch_agent.cli import main\nsys.exit(main({list(words)!r}))")


def run_as(uid: int, code: str) -> subprocess.CompletedProcess[str]:
    """Runs Python code as an account."""
    return subprocess.run(program(uid, code), capture_output=True, text=True, check=False, cwd="/")


def agent_as(uid: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a verb as an account."""
    return subprocess.run(verb(uid, *words), capture_output=True, text=True, check=False, cwd="/")


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yields a folder that every account may pass through, as /var/lib is."""
    with tempfile.TemporaryDirectory(prefix="farmwatch-", dir="/tmp") as name:
        os.chmod(name, 0o755)
        yield Path(name)
