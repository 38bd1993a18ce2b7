"""Bad input against a real served collector: one clear answer each, and a good report is taken after it."""

import gzip
import http.client
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from farmwatch_collector.ingest import token_digest
from farmwatch_collector.serving import ListenError, Serving, loopback
from farmwatch_collector.settings import Limits, Settings
from farmwatch_schema.codec import decode_response

from .laptops import USB, Laptop, named, pack, post, section
from .served import TOKEN, Collector, wait_until

pytestmark = pytest.mark.integration

DAY = 86_400


def many_devices(count: int) -> str:
    """A section's items that pack as badly as real ones."""
    return (
        "[" + ",".join(USB.replace("c52b", secrets.token_hex(4)).replace("1-4", f"1-{i}") for i in range(count)) + "]"
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    limits = Limits(per_minute=0, enrolments_per_second=0, request_seconds=1.0)
    collector = Collector(tmp_path_factory.mktemp("collector"), limits)
    yield collector
    collector.close()


@pytest.fixture
def collector(served: Collector) -> Iterator[Collector]:
    """The served collector; after each test it must still take a good report."""
    yield served
    laptop = served.laptop()
    status, response = laptop.send(served.port, laptop.report())
    assert (status, response.answers[0].status) == (200, "accepted")


@pytest.fixture
def laptop(collector: Collector) -> Laptop:
    return collector.laptop()


def test_a_good_report_is_accepted_and_judged(collector: Collector, laptop: Laptop) -> None:
    status, response = laptop.send(collector.port, laptop.report())
    assert status == 200
    (answer,) = response.answers
    assert (answer.device, answer.epoch, answer.sequence, answer.status) == (
        laptop.device,
        laptop.epoch,
        1,
        "accepted",
    )

    def judged() -> bool:
        row = collector.store.device(laptop.device)
        return row is not None and row.assessment is not None

    assert wait_until(judged)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"sequence": "one"}, "$.sequence"),
        ({"sequence": 0}, "$.sequence"),
        ({"sequence": 2**63}, "$.sequence"),
        ({"sections": {}}, "$.sections"),
        ({"uptime_seconds": None}, "$.uptime_seconds"),
        ({"schema": 99}, "$.schema"),
        ({"origin": "replay"}, "$.origin"),
        ({"origin": "root"}, "$.origin"),
        ({"device": "another-device"}, "$.device"),
        ({"epoch": "short"}, "$.epoch"),
        ({"created_at": "yesterday"}, "$.created_at"),
        ({"created_at": "0001-01-01T00:00:00+23:59"}, "$.created_at"),
        ({"previous": "x"}, "$.previous"),
        ({"sections": [section("usb", "[1]")]}, "items[0]"),
        ({"sections": [section("usb", "[]"), section("usb", "[]")]}, "sections[1].kind"),
        ({"sections": [section("../usb", "[]")]}, "sections[0].kind"),
        ({"sections": [{**section("usb", "[]"), "digest": "0" * 64}]}, "sections[0].digest"),
        ({"sections": [{**section("usb", "[]"), "outcome": "clean"}]}, "$.sections[0].outcome"),
        ({"sections": [{**section("usb", "[]"), "observed_at": ""}]}, "sections[0].observed_at"),
        ({"sections": [section("usb")]}, "sections[0].items"),
        ({"sections": [section("usb", '[{"type":"usb_device","vendor_id":5}]')]}, "vendor_id"),
    ],
)
def test_a_wrong_field_refuses_that_report_alone_and_is_named(
    collector: Collector, laptop: Laptop, change: dict[str, Any], place: str
) -> None:
    good = laptop.report()
    wrong = laptop.report(**change)
    laptop.sequence = 1
    status, response = laptop.send(collector.port, good, wrong)
    assert status == 200
    assert [answer.status for answer in response.answers] == ["accepted", "invalid"]
    assert place in response.answers[1].message


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"[]", b'{"reports":1}', b'{"reports":[}', b'{"reports":[]}', b"\xff\xfe", b'{"reports":[1]}x'],
)
def test_a_body_that_is_no_bundle_is_invalid(collector: Collector, laptop: Laptop, text: bytes) -> None:
    status, response = collector.send(laptop, gzip.compress(text))
    assert (status, response.status) == (400, "invalid")
    assert "request" in response.message


def test_things_that_are_no_reports_are_answered_one_by_one(collector: Collector, laptop: Laptop) -> None:
    status, response = laptop.send(collector.port, b"1", b"null", b'{"device":"x","sequence":"y"}', laptop.report())
    assert status == 200
    assert [answer.status for answer in response.answers] == ["invalid"] * 3 + ["accepted"]


@pytest.mark.parametrize("depth", [19, 500, 1_000, 100_000])
def test_a_deeply_nested_report_is_invalid_and_others_are_taken(
    collector: Collector, laptop: Laptop, depth: int
) -> None:
    good = laptop.report()
    deep = laptop.report()[:-1] + b',"more":' + b"[" * depth + b"]" * depth + b"}"
    status, response = laptop.send(collector.port, good, deep)
    if depth < 1_000:
        assert [answer.status for answer in response.answers] == ["accepted", "invalid"]
        assert "nested too deeply" in response.answers[1].message
    else:  # too deep to tell where one report ends and the next begins
        assert (status, response.status) == (400, "invalid")
        assert "nested too deeply" in response.message


def test_a_huge_report_within_the_limits_is_taken(collector: Collector, laptop: Laptop) -> None:
    status, response = laptop.send(collector.port, laptop.report(section("usb", many_devices(5_000))))
    assert (status, response.answers[0].status) == (200, "accepted")


def test_more_observables_than_a_section_holds_are_invalid(collector: Collector, laptop: Laptop) -> None:
    items = "[" + ",".join(["0"] * 5_001) + "]"
    _, response = laptop.send(collector.port, laptop.report(section("usb", items)))
    assert response.answers[0].status == "invalid"
    assert "5001" in response.answers[0].message


def test_a_gzip_bomb_is_too_large(collector: Collector, laptop: Laptop) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 256 * 1024
    status, response = collector.send(laptop, bomb)
    assert (status, response.status) == (413, "too_large")


def test_a_small_body_may_pack_well(collector: Collector, laptop: Laptop) -> None:
    report = laptop.report(section("notes", '["' + "x" * 200_000 + '"]'))
    body = pack([report])
    assert len(report) / len(body) > 100
    _, response = collector.send(laptop, body)
    assert response.answers[0].status == "invalid"  # taken apart: the text is no observable, and that is said
    assert "items[0]" in response.answers[0].message


def test_truncated_gzip_and_trailing_bytes_are_invalid(collector: Collector, laptop: Laptop) -> None:
    body = pack([laptop.report()])
    for changed, word in (
        (body[:-9], "ends before"),
        (body + b"more", "follow"),
        (body + body, "follow"),
        (b"PK", "gzip"),
    ):
        status, response = collector.send(laptop, changed)
        assert (status, response.status) == (400, "invalid")
        assert word in response.message


def test_a_body_over_the_limit_is_too_large_before_it_is_read(collector: Collector, laptop: Laptop) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as raw:
        head = "".join(f"{name}: {value}\r\n" for name, value in laptop.signed(b"").items())
        raw.sendall(f"POST /v1/reports HTTP/1.1\r\nhost: x\r\n{head}content-length: 300000\r\n\r\n".encode())
        assert b" 413 " in raw.recv(4096)


def test_a_body_over_the_limit_in_chunks_is_too_large(collector: Collector, laptop: Laptop) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as raw:
        head = "".join(f"{name}: {value}\r\n" for name, value in laptop.signed(b"").items())
        raw.sendall(f"POST /v1/reports HTTP/1.1\r\nhost: x\r\n{head}transfer-encoding: chunked\r\n\r\n".encode())
        try:
            for _ in range(80):
                raw.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except ConnectionError:
            pass
        assert b" 413 " in raw.recv(4096)


def test_sixty_five_reports_are_too_large_and_sixty_four_are_taken(collector: Collector, laptop: Laptop) -> None:
    reports = [laptop.report() for _ in range(65)]
    status, response = laptop.send(collector.port, *reports)
    assert (status, response.status, response.answers) == (413, "too_large", [])
    status, response = laptop.send(collector.port, *reports[:64])
    assert [answer.status for answer in response.answers] == ["accepted"] * 64


# identity ------------------------------------------------------------------------------------------
def test_a_request_signed_with_another_key_is_refused(collector: Collector, laptop: Laptop) -> None:
    stranger = Laptop(laptop.device)
    status, response = stranger.send(collector.port, stranger.report())
    assert (status, response.status) == (401, "bad_signature")


def test_a_body_changed_after_signing_is_refused(collector: Collector, laptop: Laptop) -> None:
    body = pack([laptop.report()])
    headers = laptop.signed(body)
    status, answer = post(collector.port, "/v1/reports", pack([laptop.report()]), headers)
    assert (status, decode_response(answer).status) == (401, "bad_signature")


@pytest.mark.parametrize("left_out", ["farmwatch-device", "content-digest", "signature-input", "signature"])
def test_a_missing_header_is_named(collector: Collector, laptop: Laptop, left_out: str) -> None:
    body = pack([laptop.report()])
    headers = laptop.signed(body)
    del headers[left_out]
    status, answer = post(collector.port, "/v1/reports", body, headers)
    response = decode_response(answer)
    assert (status, response.status) == (401, "bad_signature")
    named_header = "content-digest" if left_out == "content-digest" else left_out
    assert named_header in response.message


def test_a_proxy_may_sign_in_a_second_line_and_nobody_may_name_a_second_device(
    collector: Collector, laptop: Laptop
) -> None:
    def with_line(name: str, value: str) -> str:
        body = pack([laptop.report()])
        connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=20)
        connection.putrequest("POST", "/v1/reports")
        for header in [*laptop.signed(body).items(), (name, value), ("content-length", str(len(body)))]:
            connection.putheader(*header)
        connection.endheaders(body)
        status = decode_response(connection.getresponse().read()).status
        connection.close()
        return status

    assert with_line("signature", "proxy=:AAAA:") == "accepted"
    assert with_line("signature-input", 'proxy=("@method");created=1') == "accepted"
    assert with_line("farmwatch-device", laptop.device) == "unknown_device"


@pytest.mark.parametrize("offset", [-DAY, -601, 601, DAY])
def test_an_old_signature_and_one_from_the_future_are_clock_skew(
    collector: Collector, laptop: Laptop, offset: int
) -> None:
    status, response = collector.send(laptop, pack([laptop.report()]), at=time.time() + offset)
    assert (status, response.status) == (401, "clock_skew")
    assert response.server_time.endswith("Z")


def test_a_report_from_the_future_is_clock_skew_and_one_from_yesterday_is_taken(
    collector: Collector, laptop: Laptop
) -> None:
    def at(offset: float) -> str:
        return datetime.fromtimestamp(time.time() + offset, UTC).isoformat()

    status, response = laptop.send(collector.port, laptop.report(created_at=at(DAY)))
    assert (status, response.answers[0].status) == (200, "clock_skew")
    laptop.sequence, laptop.previous = 0, ""
    _, response = laptop.send(collector.port, laptop.report(created_at=at(-DAY)))
    assert response.answers[0].status == "accepted"


def test_an_unknown_device_and_a_revoked_one_are_told_apart(collector: Collector, laptop: Laptop) -> None:
    stranger = Laptop("nobody-knows-me")
    status, response = stranger.send(collector.port, stranger.report())
    assert (status, response.status) == (404, "unknown_device")
    collector.store.revoke(laptop.device)
    # The keys are read again every half minute; the store knows at once.
    _, response = laptop.send(collector.port, laptop.report())
    assert response.answers[0].status == "revoked"


def test_the_same_request_again_gives_duplicates_and_changes_nothing(collector: Collector, laptop: Laptop) -> None:
    body = pack([laptop.report(), laptop.report()])
    headers = laptop.signed(body)
    first = decode_response(post(collector.port, "/v1/reports", body, headers)[1])
    before = collector.store.sections(laptop.device)
    second = decode_response(post(collector.port, "/v1/reports", body, headers)[1])
    assert [answer.status for answer in first.answers] == ["accepted"] * 2
    assert [answer.status for answer in second.answers] == ["duplicate"] * 2
    assert collector.store.sections(laptop.device) == before


def test_a_copied_identity_is_forked_and_shown(collector: Collector, laptop: Laptop) -> None:
    laptop.send(collector.port, laptop.report())
    laptop.sequence, laptop.previous = 0, ""
    _, response = laptop.send(collector.port, laptop.report(uptime_seconds=5))
    assert response.answers[0].status == "forked"
    assert [event.kind for event in collector.store.events(laptop.device)] == ["forked"]


# enrolment -----------------------------------------------------------------------------------------
def enrol(port: int, **changes: Any) -> tuple[int, dict[str, Any]]:
    wanted = {"token": TOKEN, "public_key": "ab" * 32, "platform": "linux", **changes}
    status, answer = post(port, "/v1/enrol", json.dumps(wanted).encode(), {})
    return status, json.loads(answer)


def test_a_token_used_up_expired_or_unknown_enrols_nobody(collector: Collector) -> None:
    collector.store.add_token(token_digest("once"), "", 1, datetime.now(UTC) + timedelta(hours=1))
    collector.store.add_token(token_digest("old"), "", 1, datetime.now(UTC) - timedelta(hours=1))
    assert enrol(collector.port, token="once")[0] == 200
    for token, word in (("once", "used up"), ("old", "expired"), ("never", "not known")):
        status, answer = enrol(collector.port, token=token)
        assert status == 403
        assert word in answer["message"]
        assert token not in answer["message"].split()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"public_key": "short"}, "$.public_key"),
        ({"public_key": 5}, "$.public_key"),
        ({"platform": "amiga"}, "$.platform"),
        ({"token": None}, "$.token"),
        ({"name": "x" * 20_000}, "larger"),
    ],
)
def test_a_wrong_enrolment_names_the_field(collector: Collector, changes: dict[str, Any], place: str) -> None:
    status, answer = enrol(collector.port, **changes)
    assert status in (400, 413)
    assert place in answer["message"]


def test_enrolment_gives_the_companys_key_and_a_name_without_control_characters(collector: Collector) -> None:
    first, second = enrol(collector.port, name="lap\x1b[31mtop\n")[1], enrol(collector.port)[1]
    assert first["device"] != second["device"]
    assert (first["identifier_key"], first["key_id"]) == (second["identifier_key"], second["key_id"])
    row = collector.store.device(first["device"])
    assert row is not None
    assert row.device.name == "lap[31mtop"


# the rest ------------------------------------------------------------------------------------------
def test_an_unknown_kind_and_an_unknown_observable_are_stored(collector: Collector, laptop: Laptop) -> None:
    items = '[{"type":"holodeck","power":9}]'
    _, response = laptop.send(collector.port, laptop.report(section("telepathy", items), section("usb", items)))
    assert response.answers[0].status == "accepted"
    assert [(row.kind, row.items) for row in collector.store.sections(laptop.device)] == [
        ("telepathy", items.encode()),
        ("usb", items.encode()),
    ]


def test_content_that_was_never_sent_is_asked_for(collector: Collector, laptop: Laptop) -> None:
    wanted = named("usb", f"[{USB}]")
    _, response = laptop.send(collector.port, laptop.report(wanted))
    assert [(need.kind, need.digest) for need in response.answers[0].need] == [("usb", wanted["digest"])]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/reports", "/v1/enrol"])
def test_another_method_is_refused(collector: Collector, method: str, path: str) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as raw:
        raw.sendall(f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".encode())
        assert b" 405 " in raw.recv(4096)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"POST /v1/reports HT",
        b"POST /v1/reports HTTP/1.1\r\nhost: x\r\nfarmwatch-dev",
        b"GARBAGE\r\n\r\n",
        b"POST /v1/reports HTTP/1.1\r\n" + b"x: " + b"y" * 100_000,
    ],
)
def test_a_client_that_never_finishes_its_head_is_dropped(collector: Collector, start: bytes) -> None:
    # Who is not dropped waits for ten seconds and fails with a timeout.
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as raw:
        try:
            raw.sendall(start)
            answer = raw.recv(4096)
        except ConnectionError:
            answer = b""
        assert answer == b"" or b" 400 " in answer


def test_a_client_that_drips_its_body_is_told_and_dropped(collector: Collector, laptop: Laptop) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as raw:
        head = "".join(f"{name}: {value}\r\n" for name, value in laptop.signed(b"x" * 999).items())
        raw.sendall(f"POST /v1/reports HTTP/1.1\r\nhost: x\r\n{head}content-length: 999\r\n\r\n".encode())
        begun = time.monotonic()
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.1):
                try:
                    raw.sendall(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        answer = raw.recv(4096)
        stop.set()
        dripping.join()
        assert b" 408 " in answer
        assert 0.5 < time.monotonic() - begun < 30, "the whole body takes 100 s"


def test_slow_clients_do_not_keep_others_waiting(tmp_path: Path) -> None:
    collector = Collector(tmp_path, Limits(request_seconds=120.0))
    slow = [socket.create_connection(("127.0.0.1", collector.port), timeout=10) for _ in range(100)]
    try:
        for raw in slow:
            raw.sendall(b"POST /v1/reports HTTP/1.1\r\nhost: x\r\n")
        laptop = collector.laptop()
        begun = time.monotonic()
        _, response = laptop.send(collector.port, laptop.report())
        assert response.answers[0].status == "accepted"
        assert time.monotonic() - begun < 60, "slow clients are held for 120 s"
    finally:
        for raw in slow:
            raw.close()
        collector.close()


def test_a_laptop_that_hangs_up_early_harms_nobody(collector: Collector, laptop: Laptop) -> None:
    body = pack([laptop.report()])
    head = "".join(f"{name}: {value}\r\n" for name, value in laptop.signed(body).items())
    request = f"POST /v1/reports HTTP/1.1\r\nhost: x\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
    for cut in (len(request) - 1, len(request)):
        with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as raw:
            raw.sendall(request[:cut])
    assert wait_until(lambda: collector.store.device(laptop.device).device.mark == 1)  # type: ignore[union-attr]


def test_a_device_that_asks_too_often_is_throttled_and_others_are_not(tmp_path: Path) -> None:
    limited = Collector(tmp_path, Limits(per_minute=12, burst=3))
    try:
        laptop, other = limited.laptop(), limited.laptop()
        results = [laptop.send(limited.port, laptop.report()) for _ in range(4)]
        assert [status for status, _ in results] == [200, 200, 200, 429]
        assert results[3][1].status == "throttled"
        assert 1 <= results[3][1].retry_after_seconds <= 5
        assert other.send(limited.port, other.report())[0] == 200
    finally:
        limited.close()


def test_a_full_disk_throttles_and_nothing_accepted_is_lost(tmp_path: Path) -> None:
    collector = Collector(tmp_path, Limits(per_minute=0))
    try:
        laptop = collector.laptop()
        first = laptop.report()
        laptop.send(collector.port, first)
        raw = collector.store._raw  # type: ignore[attr-defined]
        raw.execute(f"PRAGMA max_page_count={raw.execute('PRAGMA page_count').fetchone()[0]}")
        big = laptop.report(section("usb", many_devices(3_000)))
        status, response = laptop.send(collector.port, big)
        assert (status, response.status) == (503, "throttled")
        assert "disk" in response.message
        assert response.retry_after_seconds > 0
        raw.execute("PRAGMA max_page_count=1073741823")
        assert laptop.send(collector.port, first)[1].answers[0].status == "duplicate"
        assert laptop.send(collector.port, big)[1].answers[0].status == "accepted"
    finally:
        collector.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "collector.example"])
def test_only_this_machine_is_listened_to_until_there_are_accounts(host: str) -> None:
    with pytest.raises(ListenError, match="no accounts yet"):
        loopback(host)


def test_a_port_in_use_is_said_with_the_remedy(collector: Collector) -> None:
    with pytest.raises(ListenError, match="--port"):
        Serving(collector.app, Settings(port=collector.port))


def test_an_answer_is_one_json_document_with_its_type(collector: Collector) -> None:
    status, answer = post(collector.port, "/v1/reports", b"", {})
    assert status == 401
    assert msgspec.json.decode(answer)["status"] == "bad_signature"
