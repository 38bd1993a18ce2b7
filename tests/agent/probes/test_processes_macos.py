"""Processes on macOS: signatures, the sealed system volume, what is refused."""

import time
from typing import Any, cast

import pytest

from farmwatch_agent.host import FileStatus, Host, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.macos.code_signature import CodeSignature
from farmwatch_agent.host.process_list import RunningProcess
from farmwatch_agent.probes.processes import macos
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.processes import Process

from ..mac_host import ReplayedMac, file_status

NOW = 1_795_341_600.0  # 2026-11-22 10:00 UTC
ANYDESK = "/Applications/AnyDesk.app/Contents/MacOS/AnyDesk"
FOLDERS = {
    "/Applications": file_status(0o40775, 0, 80),
    "/Applications/AnyDesk.app": file_status(0o40755, 0, 80),
    "/Applications/AnyDesk.app/Contents": file_status(0o40755, 0, 80),
    "/Applications/AnyDesk.app/Contents/MacOS": file_status(0o40755, 0, 80),
}
#: Installomator/Installomator pull 2078: codesign -dvvv of AnyDesk.app
SIGNED = CodeSignature(
    anchor="developer",
    team="KHRWM533LU",
    identifier="com.philandro.anydesk",
)


def process(pid: int, executable: str | None, user: str | None = "root", name: str = "") -> RunningProcess:
    name = name or (executable or "hidden").rpartition("/")[2]
    return RunningProcess(pid=pid, parent=1, name=name, executable=executable, user=user, started=NOW - 60)


def host(
    *processes: RunningProcess,
    signatures: dict[str, Any] | None = None,
    statuses: dict[str, FileStatus] | None = None,
    flags: Any = None,
    tcp: Any = b"",
) -> ReplayedMac:
    tables: dict[str, Any] = {"running_process": list(processes)}
    tables |= {f"macos_code_signature {path}": it for path, it in (signatures or {}).items()}
    return ReplayedMac(
        tables=tables,
        statuses=FOLDERS | (statuses or {}),
        flags=flags if flags is not None else {},
        commands={"tcp_sockets": tcp, "udp_sockets": b""},
    )


def looked(mac: ReplayedMac) -> list[Any]:
    return list(macos.collect(cast("Host", mac)))


def test_a_signed_program_is_told_with_team_and_identifier() -> None:
    mac = host(
        process(278, ANYDESK), process(883, ANYDESK, "jdoe"), process(884, ANYDESK, "jdoe"),
        signatures={ANYDESK: [SIGNED]}, statuses={ANYDESK: file_status(0o100755, 0, 80)},
        flags={"278": ("serves_screen",), "883": ("only_service",)},
        tcp=b"tcp46 0 0 *.7070 *.* LISTEN 131072 131072 278 0 00100 00000006\n",
    )  # fmt: skip
    assert looked(mac) == [
        Process(
            name="AnyDesk", path=ANYDESK, user_writable=False, sha256="ab" * 32, package="com.philandro.anydesk",
            signer="KHRWM533LU", run_by="both", count="2-4", first_start="2026-11-22",
            flags=("only_service", "serves_screen"), listens=True,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signature", "signer", "package"),
    [
        (CodeSignature(), "", ""),
        (CodeSignature(anchor="none", identifier="com.apple.Finder", team="EQHXZ8M8AV"), "", ""),
        (CodeSignature(anchor="apple", identifier="com.apple.Safari"), "Apple", "com.apple.Safari"),
        (CodeSignature(anchor="developer", team="HZF9JMC8YN", identifier="service"), "HZF9JMC8YN", "service"),
        (CodeSignature(anchor="developer", identifier="com.apple.Pages"), "Apple", "com.apple.Pages"),
    ],
    ids=["unsigned", "self-made", "apple", "developer", "apple's app store"],
)
def test_only_what_a_signature_proves_is_told(signature: CodeSignature, signer: str, package: str) -> None:
    mac = host(process(9, ANYDESK), signatures={ANYDESK: [signature]}, statuses={ANYDESK: file_status()})
    [seen] = looked(mac)
    assert (seen.signer, seen.package) == (signer, package)


def test_the_sealed_volume_is_apples_and_is_neither_asked_nor_hashed() -> None:
    finder = "/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder"
    mac = host(process(640, finder, "jdoe"), process(88, "/usr/libexec/logd"))
    told = {it.name: it for it in looked(mac)}
    assert (told["Finder"].signer, told["Finder"].user_writable, told["Finder"].run_by) == ("Apple", False, "user")
    assert told["logd"].run_by == "system"
    assert not mac.hashed
    assert not [question for question in mac.asked if question.startswith("macos_code_signature")]


@pytest.mark.parametrize(
    ("path", "sealed"),
    [
        ("/System/Library/CoreServices/x", True), ("/usr/bin/ssh", True), ("/sbin/launchd", True),
        ("/System/Cryptexes/App/System/Applications/Safari.app/Contents/MacOS/Safari", True),
        ("/System/Volumes/Preboot/Cryptexes/App/System/Applications/Safari.app/Contents/MacOS/Safari", True),
        ("/usr/local/bin/x", False), ("/System/Volumes/Data/x", False), ("/System/Library/Caches/x", False),
        ("/System/Library/AssetsV2/x", False), ("/System/Library/../../tmp/x", False), ("/usr/libexec/cups/x", False),
        ("/Applications/Safari.app/Contents/MacOS/Safari", False), ("/Library/x", False),
    ],
)  # fmt: skip
def test_what_lies_on_the_sealed_volume(path: str, sealed: bool) -> None:
    assert macos.is_sealed(path) is sealed


@pytest.mark.parametrize(
    ("status", "writable"),
    [
        (file_status(0o100755, 0, 0), False),
        (file_status(0o100775, 0, 80), False),
        (file_status(0o100775, 0, 0), False),
        (file_status(0o100775, 0, 20), True),
        (file_status(0o100757, 0, 0), True),
        (file_status(0o100755, 501, 20), True),
    ],
    ids=["root's", "administrators'", "wheel's", "staff's", "everybody's", "a person's"],
)  # fmt: skip
def test_who_may_replace_a_file(status: FileStatus, writable: bool) -> None:
    assert macos.may_be_replaced(status) is writable


def test_a_program_that_is_gone_while_it_runs_is_told_so() -> None:
    [seen] = looked(host(process(9, "/tmp/x")))
    assert (seen.deleted, seen.signer, seen.sha256) == (True, None, None)


def test_what_is_refused_is_a_gap_and_never_unsigned() -> None:
    mac = host(
        process(500, None, None, "AnyDesk"), process(9, ANYDESK),
        signatures={ANYDESK: NotPermitted("signature")}, statuses={ANYDESK: file_status()},
        flags={"1": NotPermitted("1"), "500": NotPermitted("500"), "9": ("serves_screen",)}, tcp=SourceBroken("tcp"),
    )  # fmt: skip
    told = looked(mac)
    hidden = next(it for it in told if isinstance(it, Process) and it.path is None)
    assert (hidden.name, hidden.listens, hidden.signer, hidden.user_writable) == ("AnyDesk", None, None, None)
    known = next(it for it in told if isinstance(it, Process) and it.path == ANYDESK)
    assert (known.signer, known.package, known.listens) == (None, None, None)
    assert {(it.what, it.outcome, it.count) for it in told if isinstance(it, Gap)} == {
        ("executables of other users' processes", "not_permitted", "1"),
        ("signatures of programs", "not_permitted", "1"),
        ("arguments of other users' processes", "not_permitted", "2-4"),
    }


def test_signatures_beyond_the_budget_wait_for_the_next_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(macos, "SIGNATURES_PER_PASS", 1)
    other = "/Applications/AnyDesk.app/Contents/MacOS/other"
    mac = host(
        process(9, ANYDESK), process(10, other), signatures={ANYDESK: [SIGNED], other: [SIGNED]},
        statuses={ANYDESK: file_status(), other: file_status()},
    )  # fmt: skip
    seen = looked(mac)
    assert sorted(str(it.signer) for it in seen if isinstance(it, Process)) == ["KHRWM533LU", "None"]
    assert Gap(what="signatures that the next pass looks at", outcome="not_supported", count="1") in seen


def test_refused_flags_are_a_gap() -> None:
    told = looked(host(process(9, "/usr/bin/ssh"), flags=NotPermitted("no")))
    assert Gap(what="arguments of processes", outcome="not_permitted") in told


def test_no_list_at_all_is_the_sections_own_outcome() -> None:
    with pytest.raises(NotSupported):
        looked(host())
    with pytest.raises(NotPermitted):
        looked(ReplayedMac(tables={"running_process": NotPermitted("no")}))


def test_two_thousand_programs_are_bounded() -> None:
    crowd = [process(number, f"/usr/bin/p{number}", "jdoe") for number in range(2, 2002)]
    told = looked(host(*crowd))
    assert sum(isinstance(it, Process) for it in told) == macos.MAX_EXECUTABLES
    assert Gap(what="further programs", outcome="not_supported", count="50+") in told


def test_a_program_whose_file_is_gone_is_deleted_whatever_it_calls_itself() -> None:
    # The kernel has no path for it any more (proc_pidpath ends with ENOENT; giampaolo/psutil issue 1738).
    [seen] = [it for it in looked(host(process(9, "", name="screensharingd"))) if isinstance(it, Process)]
    assert (seen.deleted, seen.path, seen.signer) == (True, None, None)


@pytest.mark.parametrize("clock", ["monotonic", "thread_time"])
def test_signatures_that_take_long_are_left_to_the_next_pass_and_are_a_gap(
    monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    # Each asks trustd, and the whole probe has five seconds, one of its own.
    now = [100.0]
    programs = [f"/Applications/App{number}.app/Contents/MacOS/App{number}" for number in range(6)]
    mac = host(
        *(process(number + 2, path) for number, path in enumerate(programs)),
        signatures={path: [SIGNED] for path in programs},
        statuses=dict.fromkeys(programs, file_status()),
    )
    asked = mac.rows

    def slow(kind: Any, of: str = "") -> Any:
        now[0] += 1.2 if kind is CodeSignature else 0
        return asked(kind, of)

    monkeypatch.setattr(mac, "rows", slow)
    monkeypatch.setattr(time, clock, lambda: now[0])
    seen = looked(mac)
    signed = [it for it in seen if isinstance(it, Process) and it.signer]
    assert 0 < len(signed) < 6
    [gap] = [it for it in seen if isinstance(it, Gap)]
    assert gap == Gap(
        what="signatures that the next pass looks at",
        outcome="not_supported",
        count="2-4" if len(signed) == 2 else "5-9",
    )
