"""People on a Windows laptop: who has a profile, whose registry is loaded, and what is said of the others."""

from typing import Any, cast

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.host.windows.registry import RegistryBranch, RegistryKey
from farmwatch_agent.probes.windows_users import PROFILES, InHives, Users, is_person, users
from farmwatch_schema.observables import Gap

from ..windows_host import WindowsFake

LOCAL = "S-1-5-21-1004336348-1177238915-682003330-1001"
ENTRA = "S-1-12-1-1234567890-1234567890-1234567890-1234567890"


def look(host: WindowsFake) -> Users:
    return users(cast("Host", host))


def test_people_are_accounts_of_machines_domains_and_entra() -> None:
    assert is_person(LOCAL)
    assert is_person(ENTRA)
    assert not any(map(is_person, ("S-1-5-18", "S-1-5-80-123", "S-1-5-82-1", ".DEFAULT")))


def test_profiles_and_loaded_hives_are_told_and_who_is_away_is_a_gap() -> None:
    host = WindowsFake(
        keys={"HKU": {"keys": (".DEFAULT", "S-1-5-18", LOCAL, f"{LOCAL}_Classes")}},
        branches={
            PROFILES: {
                "S-1-5-18": {"ProfileImagePath": r"%systemroot%\system32\config\systemprofile"},
                LOCAL: {"ProfileImagePath": r"C:\Users\jdoe"},
                f"{LOCAL}.bak": {"ProfileImagePath": r"C:\Users\old"},
                ENTRA: {"ProfileImagePath": r"%SystemDrive%\Users\jroe"},
            }
        },
    )
    assert look(host) == Users(
        homes=(r"C:\Users\jdoe", r"C:\Users\jroe"),
        hives=(rf"HKU\{LOCAL}",),
        gaps=(Gap(what="registry of users who are not logged in", outcome="not_supported", count="1"),),
    )


def test_what_may_not_be_listed_is_a_gap() -> None:
    host = WindowsFake(keys={"HKU": SourceBroken("no")}, branches={PROFILES: NotPermitted("no")})
    assert look(host).gaps == (
        Gap(what="profiles of users", outcome="not_permitted"),
        Gap(what="registry of users", outcome="broken"),
    )


def test_each_hive_that_may_not_be_read_counts_once_and_a_missing_key_not_at_all() -> None:
    host = WindowsFake(
        keys={r"HKU\A\X": NotPermitted("no"), r"HKU\B\X": {"v": "1"}},
        branches={r"HKU\A\Y": NotPermitted("no"), r"HKU\B\Y": SourceBroken("no")},
    )
    hives = InHives(cast("Host", host), Users(hives=(r"HKU\A", r"HKU\B", r"HKU\C")))
    assert [key.texts for key in hives.key("X")] == [{"v": "1"}]
    assert list(hives.branch("Y")) == []
    assert list(hives.gaps()) == [
        Gap(what="registry of other users", outcome="not_permitted", count="1"),
        Gap(what="registry of users", outcome="broken", count="1"),
    ]


def test_a_branch_line_knows_its_name() -> None:
    assert RegistryBranch(path=r"HKLM\A\B c").name == "B c"
    assert isinstance(RegistryBranch(path="x"), RegistryKey)


def test_a_profile_that_cannot_be_read_is_a_gap() -> None:
    class Closed(WindowsFake):
        def rows(self, kind: type, of: str = "") -> list[Any]:
            found = super().rows(kind, of)
            return [*found, RegistryBranch(path=rf"{PROFILES}\{LOCAL}", problem="broken")] if of == PROFILES else found

    host = Closed(keys={"HKU": {"keys": (LOCAL,)}}, branches={PROFILES: {}})
    assert look(host) == Users(
        homes=(), hives=(rf"HKU\{LOCAL}",), gaps=(Gap(what="profiles of users", outcome="broken", count="1"),)
    )
