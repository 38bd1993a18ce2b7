"""Rows: what an interface of the system answers is recorded, replayed and pseudonymised like a file."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

import pytest

from farmwatch_agent.host import Host, Missing, NotSupported, SourceBroken, capture
from farmwatch_agent.host.linux.live import LinuxHost
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.row import Row
from farmwatch_agent.host.windows.registry import RegistryKey

from ..fake_host import FakeHost


class Plug(Row, frozen=True, kw_only=True, omit_defaults=True):
    table: ClassVar[str] = "plug"
    platforms: ClassVar[tuple[str, ...]] = ("linux",)

    serial: str = ""
    path: str = ""
    raw: bytes = b""

    @classmethod
    def live(cls, of: str) -> "list[Plug]":
        if of == "gone":
            raise Missing("plug gone")
        return [cls(serial="HX77231", path=f"/by-id/HX77231/{of}", raw=b"\x00\xff")]

    def identifying(self) -> Iterable[str]:
        yield self.serial


def recorded() -> RecordingHost:
    host = RecordingHost(cast("Host", AskedHost()))
    host.rows(Plug, "one")
    with pytest.raises(Missing):
        host.rows(Plug, "gone")
    return host


class AskedHost(FakeHost):
    def rows(self, kind: type[Any], of: str = "") -> list[Any]:
        return cast("list[Any]", kind.live(of))


def replay(recording: RecordingHost, *, raw: bool) -> ReplayingHost:
    return ReplayingHost(capture.unpack(capture.pack(recording.capture(raw=raw))))


def test_a_replay_gives_the_same_rows_and_the_same_errors() -> None:
    host = replay(recorded(), raw=True)
    assert host.rows(Plug, "one") == [Plug(serial="HX77231", path="/by-id/HX77231/one", raw=b"\x00\xff")]
    with pytest.raises(Missing, match="plug gone"):
        host.rows(Plug, "gone")
    with pytest.raises(SourceBroken, match="nothing asked it then"):
        host.rows(Plug, "other")


def test_what_tells_a_unit_is_replaced_wherever_it_stands() -> None:
    (row,) = replay(recorded(), raw=False).rows(Plug, "one")
    assert row.serial != "HX77231"
    assert len(row.serial) == 7
    assert row.path == f"/by-id/{row.serial}/one"
    assert row.raw == b"\x00\xff"


def test_a_platform_is_asked_only_for_what_it_has() -> None:
    with pytest.raises(NotSupported, match="linux has no such interface"):
        LinuxHost().rows(RegistryKey, r"HKLM\SYSTEM")


def test_a_registry_value_of_another_type_is_broken_and_never_absent() -> None:
    key = RegistryKey(path=r"HKLM\X", texts={"Name": "a"}, numbers={"Start": 2})
    assert (key.text("name"), key.number("START"), key.text("none"), key.number("none")) == ("a", 2, "", None)
    with pytest.raises(SourceBroken, match=r"^HKLM\\X: Start is not text"):
        key.text("Start")
