"""Paths travel without names of people."""

import pytest

from farmwatch_agent.paths import base_name, tilde


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
    ],
)
def test_homes_become_a_tilde(path: str, told: str) -> None:
    assert tilde(path) == told


def test_the_base_name_is_what_follows_the_last_slash() -> None:
    assert (base_name("/usr/bin/x"), base_name("x"), base_name("")) == ("x", "x", "")
