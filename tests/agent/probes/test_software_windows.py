"""Software on Windows, from Uninstall keys and package names as Microsoft documents them."""

from typing import Any, cast

import pytest

from farmwatch_agent.host import Host, NotPermitted
from farmwatch_agent.probes.software import windows
from farmwatch_agent.probes.windows_users import PROFILES
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.software import Package

from ..windows_host import WindowsFake

SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
SYSTEM = rf"HKLM\SOFTWARE\{windows.UNINSTALL}"
SYSTEM_32 = rf"HKLM\SOFTWARE\WOW6432Node\{windows.UNINSTALL}"
OWN = rf"HKU\{SID}\SOFTWARE\{windows.UNINSTALL}"


def laptop(**branches: Any) -> WindowsFake:
    return WindowsFake(
        keys={
            "HKU": {"keys": (SID,)},
            windows.STORE: {
                "keys": (
                    "Microsoft.WindowsTerminal_1.21.2911.0_x64__8wekyb3d8bbwe",
                    "Microsoft.VCLibs.140.00_14.0.33519.0_x64__8wekyb3d8bbwe",
                    "Example.App_1.0.0.0_neutral_split.scale-100_8wekyb3d8bbwe",
                    "nonsense",
                )
            },
            rf"HKU\{SID}_Classes\{windows.REPOSITORY}": {
                "keys": ("Microsoft.QuickAssist_2.0.37.0_x64__8wekyb3d8bbwe",)
            },
        },
        branches={
            PROFILES: {SID: {"ProfileImagePath": r"C:\Users\jdoe"}},
            SYSTEM: {
                "{A}": {
                    "DisplayName": "RustDesk",
                    "DisplayVersion": "1.3.2",
                    "Publisher": "Purslane Ltd",
                    "InstallDate": "20241103",
                },
                "{B}": {"DisplayName": "Security Update for X", "ReleaseType": "Security Update"},
                "{C}": {"DisplayName": "Part of X", "ParentKeyName": "X"},
                "Nameless": {"DisplayVersion": "1"},
                "AddressBook": {},
            },
            SYSTEM_32: {"AnyDesk": {"DisplayName": "AnyDesk", "Publisher": "AnyDesk Software GmbH", "written": 1.7e9}},
            OWN: {"Zoom": {"DisplayName": "Zoom Workplace", "InstallDate": "2024/11/03"}},
            **branches,
        },
    )


def seen(host: WindowsFake) -> list[Any]:
    return list(windows.collect(cast("Host", host)))


def test_programs_of_both_views_and_of_users_and_packages_are_told() -> None:
    assert seen(laptop()) == [
        Package(
            name="RustDesk", version="1.3.2", publisher="Purslane Ltd", installed_on="2024-11-03", source="uninstall"
        ),
        Package(name="Zoom Workplace", source="uninstall"),
        # Without a date the key's own: 1,700,000,000 s are 2023-11-14 UTC.
        Package(name="AnyDesk", publisher="AnyDesk Software GmbH", installed_on="2023-11-14", source="uninstall"),
        Package(name="Microsoft.QuickAssist", version="2.0.37.0", source="appx"),
        Package(name="Microsoft.WindowsTerminal", version="1.21.2911.0", source="appx"),
    ]


def test_what_may_not_be_read_is_a_gap() -> None:
    host = laptop(**{
        SYSTEM: {"X": {"problem": "not_permitted"}, "Y": {"problem": "broken"}, "Z": {"DisplayName": 7}},
        OWN: NotPermitted("no"),
    })  # fmt: skip
    gaps = [item for item in seen(host) if isinstance(item, Gap)]
    assert gaps == [
        Gap(what="installed programs", outcome="not_permitted", count="1"),
        Gap(what="installed programs", outcome="broken", count="2-4"),
        Gap(what="registry of other users", outcome="not_permitted", count="1"),
    ]


def test_a_registry_without_the_list_is_never_a_laptop_without_programs() -> None:
    assert seen(WindowsFake())[0].outcome == "broken"
    host = laptop(**{SYSTEM: NotPermitted("no")})
    assert Gap(what="installed programs", outcome="not_permitted") in seen(host)


@pytest.mark.parametrize(
    ("date", "day"), [("20241103", "2024-11-03"), ("99999999", ""), ("٢٠٢٤١١٠٣", ""), ("", ""), ("3/11/2024", "")]
)
def test_a_date_is_eight_digits_or_nothing(date: str, day: str) -> None:
    assert windows.day_of(date, 0) == day
