"""Paths travel without names of people."""

import pytest

from farmwatch_agent.paths import base_name, home_names, tilde


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
