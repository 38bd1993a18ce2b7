"""Whose a device is stays on the laptop; web pages kept as programs are no programs."""

import plistlib
from typing import cast

import pytest

from farmwatch_agent.host import Host
from farmwatch_agent.host.windows.registry import WEB_APPLICATION, RegistryBranch, without_arguments
from farmwatch_agent.host.windows.tasks import ScheduledTask, parse_task
from farmwatch_agent.names import without_owner
from farmwatch_agent.paths import tilde
from farmwatch_agent.probes import windows_users
from farmwatch_agent.probes.services import windows as service_windows
from farmwatch_agent.probes.software import macos, windows
from farmwatch_schema.observables.services import Service

from .mac_host import MacFake
from .windows_host import WindowsFake

UNINSTALL = r"HKU\S-1-5-21-1-2-3-1001\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\5f0e"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Anna's Mouse", "Mouse"),
        ("Anna\u2019s Magic Keyboard", "Magic Keyboard"),
        ("Jess\u2019 Keyboard", "Keyboard"),
        ("Magic Keyboard von Anna Muster", "Magic Keyboard"),
        ("Teclado de Ana", "Teclado"),
        ("Clavier d\u2019Aline", "Clavier"),
        ("\u82b1\u5b50\u306eMagic Keyboard", "Magic Keyboard"),
        ("Logitech USB Receiver Keyboard", "Logitech USB Receiver Keyboard"),
        ("Keychron K2", "Keychron K2"),
        ("DELL09AF:00 27C6:01AF Touchpad", "DELL09AF:00 27C6:01AF Touchpad"),
        ("", ""),
        ("'s ", ""),
    ],
)
def test_a_devices_name_is_told_without_its_owner(name: str, plain: str) -> None:
    assert without_owner(name) == plain


def test_an_endless_name_of_a_device_costs_nothing() -> None:
    assert len(without_owner("von " * 100_000)) < 400
    assert without_owner("d'" * 100_000) is not None


def test_of_a_web_page_that_windows_lists_as_a_program_no_title_is_told() -> None:
    # As Chromium registers one (chrome/browser/web_applications/os_integration, kUninstallAppId).
    command = (
        r'"C:\Program Files\Google\Chrome\Application\chrome.exe" --profile-directory=Default'
        " --uninstall-app-id=chgnfdnabcdefghijklmnopabcdefghi"
    )
    kept = without_arguments(UNINSTALL, "UninstallString", command)
    assert kept == rf"C:\Program Files\Google\Chrome\Application\chrome.exe{WEB_APPLICATION}"
    texts = {"DisplayName": "My bank - overview", "UninstallString": kept, "Publisher": r"Google\Chrome"}
    assert windows.parse_uninstall(RegistryBranch(path=UNINSTALL, texts=texts)) is None
    assert windows.parse_uninstall(RegistryBranch(path=UNINSTALL, texts=texts | {"UninstallString": "x.exe"}))


@pytest.mark.parametrize(
    "bundle",
    ["com.apple.Safari.WebApp.B08FDE55-585A-4141-916F-7F3C6DEA7B8C", f"com.google.Chrome.app.{'abcdefghijklmnop' * 2}",
     f"com.google.Chrome.app.Default-{'abcdefghijklmnop' * 2}", f"com.microsoft.edgemac.app.{'p' * 32}"],
)  # fmt: skip
def test_of_a_web_page_that_a_mac_keeps_as_an_application_no_title_is_told(bundle: str) -> None:
    assert macos.is_web_page(bundle)
    info = plistlib.dumps({"CFBundleIdentifier": bundle, "CFBundleName": "My bank"})
    host = MacFake(
        folders={"/Applications": ["My bank.app"], "/Users": []},
        files={"/Applications/My bank.app/Contents/Info.plist": info},
    )
    assert not [item for item in macos.collect(cast("Host", host)) if "bank" in repr(item)]


def test_an_ordinary_application_is_no_web_page() -> None:
    for bundle in ("com.google.Chrome", "com.example.app.desktop", "us.zoom.xos", ""):
        assert not macos.is_web_page(bundle)


def test_the_path_of_a_web_page_that_runs_has_no_title() -> None:
    path = "/Users/anna/Applications/Chrome Apps.localized/My bank.app/Contents/MacOS/app_mode_loader"
    assert tilde(path) == "~/Applications/Chrome Apps.localized/*.app/Contents/MacOS/app_mode_loader"


def test_names_of_tasks_name_neither_account_nor_computer() -> None:
    sid = "S-1-5-21-1-2-3-1001"
    host = WindowsFake(
        rows={
            ScheduledTask.table: [
                ScheduledTask(name=r"\AdobeAAMUpdater-1.0-LAPTOP-77QX-Anna", programs=(r"C:\Program Files\a\b.exe",)),
                ScheduledTask(name=r"\Annabel", programs=(r"C:\Program Files\a\c.exe",)),
            ]
        },
        keys={
            r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName": {"ComputerName": "LAPTOP-77QX"},
        },
        branches={windows_users.PROFILES: {sid: {"ProfileImagePath": r"C:\Users\anna.LAPTOP-77QX"}}},
    )
    names = {item.name for item in service_windows.collect(cast("Host", host)) if isinstance(item, Service)}
    assert names == {r"\AdobeAAMUpdater-1.0-~-~", r"\Annabel"}


@pytest.mark.parametrize(
    ("command", "program"),
    [
        (r"C:\Program Files\x\y.exe -token s3cret", r"C:\Program Files\x\y.exe"),
        (r"&quot;C:\x\y.exe&quot; s3cret", r"C:\x\y.exe"),
        (r"powershell -Token s3cret", "powershell"),
        (r"%windir%\system32\x.exe", r"%windir%\system32\x.exe"),
    ],
)
def test_a_task_tells_its_program_and_nothing_behind_it(command: str, program: str) -> None:
    text = f"<Task><Actions><Exec><Command>{command}</Command><Arguments>s3cret</Arguments></Exec></Actions></Task>"
    assert parse_task("x", text.encode()).programs == (program,)
