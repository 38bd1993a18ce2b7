"""The Windows readers against what of Windows can be had on Linux: mingw-w64's headers, and Wine.

No Windows Python is to be had from PyPI, npm or Debian, so tests/soak/wine/host.c puts this system's Python into a Wine
process. Wine's answers are few (no USB, one network adapter); what is shown is that every call is made as the
functions want it: none is unknown, cut to 32 bits, or crashes.
"""

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from ..agent.host.test_windows_layouts import LAYOUTS
from . import windows_layouts

pytestmark = pytest.mark.soak
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WINE = "/usr/lib/wine/wine64"
#: What is asked of a reader beside "all": what Wine 8.0 surely has.
ASKED = {
    "windows_registry_key": r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion",
    "windows_registry_branch": r"HKLM\SYSTEM\CurrentControlSet\Services",
    "windows_program_file": r"C:\windows\system32\kernel32.dll",
    "windows_file_rights": r"C:\windows\system32\kernel32.dll",
    "windows_event": "sessions",
    "windows_echo": "127.0.0.1",
}
#: What Wine answers for certain, because it says so of itself or because this system underneath is known:
#: its own kernel32.dll bears this name and no signature, its services these names, its loopback this form.
KNOWN: dict[str, dict[str, object]] = {
    "windows_program_file": {"signer": "", "original_name": "kernel32.dll", "product": "Wine"},
    "windows_registry_key": {"path": ASKED["windows_registry_key"]},
    "windows_running_service": {"name": "PlugPlay"},
    "windows_network_adapter": {"name": "lo", "type": 24, "up": True},
    "windows_drive": {"letter": "C:"},
}


def test_the_layouts_are_still_those_of_the_headers() -> None:
    if shutil.which(windows_layouts.COMPILER) is None:
        pytest.skip("no mingw-w64 compiler: install gcc-mingw-w64-x86-64 to measure again")
    assert windows_layouts.measure() == json.loads(LAYOUTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> "Wine":
    library, folder = str(sysconfig.get_config_var("LDLIBRARY")), str(sysconfig.get_config_var("LIBDIR"))
    if shutil.which("winegcc") is None or not os.path.exists(WINE):
        pytest.skip("no Wine: install wine64, wine64-tools and libwine-dev to run the Windows readers here")
    if ".so" not in library:
        pytest.skip("this Python has no shared library to put into a Wine process")
    made = tmp_path_factory.mktemp("wine")
    short = f"-lpython{sysconfig.get_python_version()}"
    subprocess.run(
        ["winegcc", "-m64", "-w", f'-DLIBPYTHON="{folder}/{library}"', "-o", "host", HERE / "wine" / "host.c",
         f"-I{sysconfig.get_path('include')}", f"-L{folder}", short, "-ldl", f"-Wl,-rpath,{folder}"],
        cwd=made, check=True,
    )  # fmt: skip
    return Wine(made)


class Wine:
    """A Wine prefix of its own, with a Python in it."""

    def __init__(self, folder: Path) -> None:
        self._program = folder / "host.exe.so"
        self._environment = {
            "WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all", "PATH": os.environ["PATH"],
            "HOME": str(folder), "PYTHONHOME": sysconfig.get_config_var("prefix"),
        }  # fmt: skip
        subprocess.run(["wineboot", "-i"], env=self._environment, check=True, timeout=180, capture_output=True)

    def ask(self, *question: str, script: str = "windows.py") -> object:
        """Returns what the readers' process printed; a crash or a call that ctypes would refuse fails the test."""
        folders = [ROOT / "agent", ROOT / "schema", sysconfig.get_path("platlib")]
        done = subprocess.run(
            [WINE, self._program, HERE / "wine" / script, ":".join(map(str, folders)), *question],
            env=self._environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if "unimplemented function" in done.stderr:
            return {"error": "Wine has no such function"}
        assert done.returncode == 0, f"{question}: {done.stderr[-3000:]}"
        return json.loads(done.stdout)


def test_every_reader_of_windows_runs_in_wine(hosted: Wine) -> None:
    tables = hosted.ask()
    assert isinstance(tables, list)
    assert len(tables) > 20
    answers = {table: hosted.ask(table, ASKED.get(table, "")) for table in tables}
    print(json.dumps(answers, indent=1))  # noqa: T201 (shown with -s, and when a check below fails)
    for table, wanted in KNOWN.items():
        answer = answers[table]
        assert isinstance(answer, dict)
        assert any(wanted.items() <= row.items() for row in answer["rows"]), f"{table}: {answer}"
