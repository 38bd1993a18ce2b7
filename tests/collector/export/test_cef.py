"""CEF lines as a receiver reads them, whatever a laptop calls itself."""

import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector import __version__
from farmwatch_collector.export.cef import LONGEST_LINE, cef_line, header_value, value
from farmwatch_collector.export.syslog import CefChannel, CefTargetError, Target, framed, target_of
from farmwatch_collector.export.telling import DeliveryError

from .receivers import certificate_for, tcp, telling, udp

KEYS = [
    "rt", "externalId", "deviceExternalId", "cn1Label", "cn1", "cn2Label", "cn2", "cs1Label", "cs1", "cs2Label", "cs2",
    "request", "msg",
]  # fmt: skip


def parsed(line: str) -> tuple[list[str], dict[str, str]]:
    """Reads a line as the format says: seven fields ended by a bare bar, then keys before a bare equals sign."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    extension = parts.pop()
    found: dict[str, str] = {}
    marks = list(re.finditer(r"(?:^| )(\w+)(?<!\\)=", extension))
    for place, mark in enumerate(marks):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(extension)
        text = extension[mark.end() : end]
        found[mark[1]] = re.sub(r"\\(.)", lambda each: {"n": "\n", "r": "\r"}.get(each[1], each[1]), text)
    return parts, found


def test_a_line_has_the_seven_fields_and_the_keys_of_the_dictionary() -> None:
    head, fields = parsed(cef_line(telling()))
    assert head == ["CEF:0", "farmwatch", "farmwatch", __version__, "case_opened", "New case about a laptop", "6"]
    assert list(fields) == KEYS
    assert fields["rt"] == "1793610000000"
    assert (fields["externalId"], fields["deviceExternalId"]) == ("fw-1", "d-1")
    assert (fields["cn1Label"], fields["cn1"], fields["cs2"]) == ("points", "60", "H R")
    assert fields["request"] == "https://farmwatch.example/cases/12"


def test_a_line_about_a_farm_names_it_and_how_many_laptops_it_has_and_no_device() -> None:
    farm = telling(device="", farm=3, members=tuple(f"d-{number}" for number in range(60)), groups=())
    head, fields = parsed(cef_line(farm))
    assert head[4:] == ["case_opened", "New case about a farm", "6"]
    assert (fields["cs3Label"], fields["cs3"], fields["cn3Label"], fields["cn3"]) == ("farm", "3", "laptops", "60")
    assert "deviceExternalId" not in fields


def test_values_and_headers_are_escaped_as_the_standard_says() -> None:
    # Common Event Format, "Character encoding": bars in the header; equals signs in the extension; backslash in both.
    assert header_value(r"detected a | in \message") == r"detected a \| in \\message"
    assert value(r"C:\a=b | c", 99) == r"C:\\a\=b | c"
    assert value("one\r\ntwo", 99) == r"one\r\ntwo"
    assert header_value("one\ntwo") == "one two"


@pytest.mark.parametrize(
    "hostile",
    [
        "x msg=forged act=allowed",
        "x\nCEF:0|evil|evil|1|1|all clear|0|",
        "x\r\n<34>Nov  2 09:00:00 host CEF:0|a|b|1|1|n|0|",
        "|||||| 10 | rt=0",
        "back\\",
        "back\\=slash\\\\= x=",
        "\0\x1b[2J\u202etxt\u2028next",
        "=" * 5_000,
        "😀" * 5_000,
    ],
)
def test_a_hostile_sentence_stays_one_value(hostile: str) -> None:
    line = cef_line(telling(sentence=hostile))
    head, fields = parsed(line)
    assert len(head) == 7
    assert list(fields) == KEYS
    assert fields["rt"] == "1793610000000"
    assert line.isprintable()
    assert len(framed(line, telling())) <= LONGEST_LINE


@given(st.text(max_size=3_000))
def test_whatever_is_reported_reads_back_and_fits(text: str) -> None:
    line = cef_line(telling(sentence=text))
    head, fields = parsed(line)
    assert (len(head), list(fields)) == (7, KEYS)
    assert len(line.splitlines()) == 1
    assert len(framed(line, telling())) <= LONGEST_LINE
    if text.isascii() and text.isprintable() and len(text) < 500:
        assert fields["msg"] == text


def test_the_lengths_of_the_dictionary_hold() -> None:
    _, fields = parsed(cef_line(telling(sentence="w " * 4_000, link="https://farmwatch.example/" + "x" * 4_000)))
    assert len(fields["msg"]) <= 1023
    assert len(fields["request"]) <= 1023


def test_a_file_gets_a_line_each_and_keeps_what_it_had(tmp_path: Path) -> None:
    path = tmp_path / "cases.cef"
    channel = CefChannel(target_of(str(path)))
    channel.deliver(telling())
    channel.deliver(telling(case=13))
    lines = path.read_text().splitlines()
    assert [parsed(line)[1]["cn2"] for line in lines] == ["12", "13"]
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(DeliveryError, match="did not take"):
        CefChannel(target_of(str(tmp_path))).deliver(telling())


def test_a_udp_receiver_gets_one_datagram() -> None:
    with udp() as receiver:
        CefChannel(Target(scheme="udp", host="127.0.0.1", port=receiver.getsockname()[1])).deliver(telling())
        data = receiver.recv(65_536)
    # Local use 0 and warning: 16 * 8 + 4. RFC 3164 pads the day with a space.
    assert re.match(rb"<132>Nov  2 09:00:00 [A-Za-z0-9.-]+ CEF:0\|farmwatch\|", data)
    assert b"\n" not in data


def test_a_tcp_receiver_gets_lines_and_one_that_is_away_is_told() -> None:
    with tcp() as (port, lines):
        channel = CefChannel(Target(scheme="tcp", host="127.0.0.1", port=port))
        channel.deliver(telling())
        channel.deliver(telling(sentence="x\nforged"))
    assert len(lines) == 2
    assert all(line.startswith(b"<132>") and line.endswith(b"\n") for line in lines)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
    with pytest.raises(DeliveryError, match=f"tcp://127.0.0.1:{nobody}"):
        CefChannel(Target(scheme="tcp", host="127.0.0.1", port=nobody)).deliver(telling())


def test_a_tls_receiver_must_be_vouched_for(tmp_path: Path) -> None:
    certificate = certificate_for(tmp_path)
    with tcp(certificate) as (port, lines):
        with pytest.raises(DeliveryError):
            CefChannel(Target(scheme="tls", host="127.0.0.1", port=port)).deliver(telling())
        CefChannel(Target(scheme="tls", host="127.0.0.1", port=port), str(certificate)).deliver(telling())
    assert len(lines) == 1


def test_targets_are_told_by_their_form() -> None:
    assert target_of("/var/log/farmwatch.cef").path == "/var/log/farmwatch.cef"
    assert target_of("udp://siem.example") == Target(scheme="udp", host="siem.example", port=514)
    assert target_of("tls://[2001:db8::1]:7000") == Target(scheme="tls", host="2001:db8::1", port=7000)
    for wrong in (
        "http://siem.example",
        "udp://",
        "tcp://a:b",
        "udp://a:70000",
        " ",
        "tcp://user@siem.example",
        "tcp://a/x",
    ):
        with pytest.raises(CefTargetError, match="udp://HOST:514"):
            target_of(wrong)
