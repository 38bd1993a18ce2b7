"""Paths travel without names of people."""

import pytest

from farmwatch_agent.paths import base_name, home_names, tilde, windows_name


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/home/jdoe/bin/x", "~/bin/x"),
        ("/home/jdoe", "~"),
        ("/var/home/jdoe/x", "~/x"),
        ("/root/x", "~/x"),
        ("/root", "~"),
        ("/rootless/x", "/rootless/x"),
        ("/homework/x", "/homework/x"),
        ("/run/media/jdoe/STICK/x", "/run/media/~/STICK/x"),
        ("/media/jdoe/STICK/x", "/media/~/STICK/x"),
        ("/tmp/.mount_AnyDesQwErTy/usr/bin/anydesk", "/tmp/.mount_AnyDes*/usr/bin/anydesk"),
        ("/usr/bin/x11vnc", "/usr/bin/x11vnc"),
        ("", ""),
        ("/home/CORP/jdoe/bin/x", "~/bin/x"),
        ("/home/corp.example/jdoe/bin/x", "~/bin/x"),
        ("/home/jdoe@corp.example/bin/x", "~/bin/x"),
        ("/home/.ecryptfs/jdoe/.Private/x", "~/.Private/x"),
        ("/home/CORP/jdoe", "~"),
        ("/mnt/backup/home/jdoe/bin/x", "/mnt/backup/home/~/bin/x"),
        ("/mnt/mac/Users/jdoe/x", "/mnt/mac/Users/~/x"),
        ("/srv/home/CORP/jdoe", "/srv/home/~"),
        ("/run/media/jdoe/DISK/home/jroe/x", "/run/media/~/DISK/home/~/x"),
    ],
)
def test_homes_become_a_tilde(path: str, told: str) -> None:
    assert tilde(path) == told


def test_the_owner_of_a_home_is_found_below_a_domain_too() -> None:
    assert home_names("/home/CORP/jdoe/x") == ["CORP", "jdoe"]
    assert home_names("/mnt/home/jdoe") == ["jdoe"]
    assert home_names("/usr/bin/x") == []


def test_the_base_name_is_what_follows_the_last_slash() -> None:
    assert (base_name("/usr/bin/x"), base_name("x"), base_name("")) == ("x", "x", "")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (r"C:\Users\jdoe\AppData\Local\x.exe", r"~\AppData\Local\x.exe"),
        (r"c:\users\JDOE~1\x.exe", r"~\x.exe"),
        (r"D:\Users\jdoe.CORP\x.exe", r"~\x.exe"),
        (r"C:\Users\jdoe", "~"),
        (r"C:\Users\Public\x.exe", r"C:\Users\Public\x.exe"),
        (r"C:\Users\Default\x", r"C:\Users\Default\x"),
        (r"C:\Users", r"C:\Users"),
        ("C:\\Users\\", "C:\\Users\\"),
        (r"\\?\C:\Users\jdoe\x", r"~\x"),
        (r"\??\C:\Users\jdoe\x", r"~\x"),
        (r"\\?\UNC\files\jdoe$\x.exe", r"\\*\*\x.exe"),
        (r"\\files.corp.example\homes\Users\jdoe\x.exe", r"\\*\*\Users\~\x.exe"),
        (r"\Device\HarddiskVolume3\Users\jdoe\x", r"~\x"),
        (r"C:\DOCUME~1\jdoe\x", r"~\x"),
        (r"C:/Users/jdoe/x", "~/x"),
        (r"D:\Backup\Users\jdoe\x", r"D:\Backup\Users\~\x"),
        (r"C:\Users\jdoe\old\Users\jroe\x", r"~\old\Users\~\x"),
        (r"C:\$Recycle.Bin\S-1-5-21-1004336348-1177238915-682003330-1001\x", r"C:\$Recycle.Bin\~\x"),
        (r"C:\Windows\System32\svchost.exe", r"C:\Windows\System32\svchost.exe"),
        (r"C:\Users\Public\Users\jdoe\a\Users\jroe\x", r"C:\Users\Public\Users\~\a\Users\~\x"),
        (r"C:\PowerUsers\jdoe\x", r"C:\PowerUsers\jdoe\x"),
        ("\\\\", "\\\\*\\*"),
    ],
)
def test_profiles_of_windows_become_a_tilde(path: str, told: str) -> None:
    assert tilde(path) == told


def test_the_owner_of_a_windows_profile_is_found_and_nobody_in_shared_ones() -> None:
    assert home_names(r"C:\Users\jdoe\old\Users\jroe\x") == ["jdoe", "jroe"]
    assert home_names(r"\Device\HarddiskVolume3\Users\jdoe\x.exe") == ["jdoe"]
    assert home_names(r"C:\Users\Public\x") == []


def test_the_name_of_a_windows_path_is_what_follows_the_last_separator() -> None:
    assert (windows_name(r"C:\a\b.exe"), windows_name("C:/a/b.exe"), windows_name("b.exe")) == ("b.exe",) * 3


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/Users/jdoe/Library/x", "~/Library/x"),
        ("/Users/jane.doe", "~"),
        ("/Users/ADMIN/x", "~/x"),
        ("/Users/jdoe/old/Users/jroe/x", "~/old/Users/~/x"),
        ("/Users/Shared/x", "/Users/Shared/x"),
        ("/Users/Guest/x", "/Users/Guest/x"),
        ("/Users/", "/Users/"),
        ("/Applications/AnyDesk.app/Contents/MacOS/AnyDesk", "/Applications/AnyDesk.app/Contents/MacOS/AnyDesk"),
        ("/private/var/root/x", "~/x"),
        ("/var/root", "~"),
        ("/var/rootless/x", "/var/rootless/x"),
        ("/System/Volumes/Data/Users/jdoe/x", "/System/Volumes/Data/Users/~/x"),
        ("/private/var/folders/zz/abc123_n0000000000000/T/x", "/private/var/folders/*/T/x"),
        (
            "/private/var/folders/5k/y0x8/X/AppTranslocation/2B1E7A3C-0D51-4E2B-9C38-52D1A0F6E7B4/d/RustDesk.app/x",
            "/private/var/folders/*/X/AppTranslocation/*/d/RustDesk.app/x",
        ),
        ("/var/folders/5k", "/var/folders/5k"),
    ],
)
def test_paths_of_macos_travel_without_people(path: str, wanted: str) -> None:
    assert tilde(path) == wanted


def test_shared_homes_of_macos_are_nobodys_names() -> None:
    assert home_names("/Users/jdoe/x") == ["jdoe"]
    assert home_names("/Users/Shared/x") == []


def test_homes_inside_homes_without_end_are_not_followed_without_end() -> None:
    deep = "C:" + r"\Users\jdoe" * 2_000
    assert "jdoe" not in tilde(deep[:400])
    assert tilde(deep)
