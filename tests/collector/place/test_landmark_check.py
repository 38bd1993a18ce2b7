"""`farmwatch landmarks`: what is told of landmarks without asking them, and by asking some on this machine."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from nacl.signing import SigningKey

from farmwatch_collector.cli import main
from farmwatch_collector.place.gazetteer import gazetteer
from farmwatch_collector.place.geocoding import geocoder
from farmwatch_collector.place.landmark_check import check, try_all
from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.provider_networks import NETWORKS
from farmwatch_collector.place.types import Landmark, Witness
from farmwatch_collector.store import open_store
from farmwatch_detectors.policy import Claim
from farmwatch_schema.landmark import answer, nonce_of

DUBLIN = Claim(place="Dublin, IE", latitude=53.333, longitude=-6.249)
FRANKFURT = shipped()["aws:eu-central-1"]


def here(name: str = "own:here", port: int = 443, **changes: object) -> Landmark:
    one = Landmark(
        landmark=name, provider="own", place="Dublin, IE", country="IE", latitude=53.333, longitude=-6.249,
        uncertainty_km=5.0, host="127.0.0.1", port=port, own=True,
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def told(*landmarks: Landmark) -> dict[str, str]:
    everything = {**shipped(), **{one.landmark: one for one in landmarks}}
    return {fault.landmark: fault.problem for fault in check(everything, gazetteer(), geocoder()) if fault.grave}


def test_the_shipped_list_has_no_fault() -> None:
    assert check(shipped(), gazetteer(), geocoder()) == []
    assert set(NETWORKS) == {one.provider for one in shipped().values()}


def test_coordinates_with_a_lost_sign_are_told() -> None:
    # Seattle without the minus of its longitude lies in northern China.
    one = here(place="Campus West", country="US", latitude=47.6, longitude=122.3, host="own.example.com")
    assert "km from every city of US" in told(one)["own:here"]


def test_a_place_that_is_not_where_the_coordinates_are_is_told() -> None:
    one = here(place="Munich, DE", country="DE", latitude=50.11, longitude=8.68, host="own.example.com")
    # Frankfurt is about 305 km from Munich.
    assert told(one)["own:here"].startswith("its coordinates lie 30")
    assert told(here(place="Campus West", host="own.example.com")) == {}


def test_a_second_name_for_one_server_is_told() -> None:
    assert told(here(host=FRANKFURT.host))["own:here"] == f"{FRANKFURT.host} port 443 is aws:eu-central-1, too."


def test_few_landmarks_and_uncertain_ones_are_warned_of() -> None:
    found = check({"own:here": here(uncertainty_km=300.0)}, gazetteer(), geocoder())
    assert [(fault.landmark, fault.grave) for fault in found] == [("own:here", False), ("", False)]
    assert "1 landmarks of 1 providers are few" in found[1].problem


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen(16)
        yield one.getsockname()[1]


@pytest.fixture
def refusing() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_a_landmark_that_answers_where_it_stands_is_well(listening: int) -> None:
    pauses: list[float] = []
    (tried,) = try_all([here(port=listening)], DUBLIN, pause=pauses.append)
    assert (tried.problem, tried.address) == ("", "127.0.0.1")
    assert tried.least_ms is not None
    assert tried.least_ms < 1_000
    assert len(pauses) == 2  # three tries, one after the other


def test_never_more_than_three_tries(listening: int) -> None:
    pauses: list[float] = []
    list(try_all([here(port=listening)], DUBLIN, tries=50, pause=pauses.append))
    assert len(pauses) == 2


def test_one_that_answers_faster_than_light_is_told(listening: int) -> None:
    tokyo = here(port=listening, place="Tokyo, JP", latitude=35.69, longitude=139.69)
    (tried,) = try_all([tokyo], DUBLIN, pause=lambda _: None)
    assert tried.problem == "too_fast"
    assert "Tokyo, JP is 9,5" in tried.words  # Dublin and Tokyo are about 9,590 km apart
    (unasked,) = try_all([tokyo], None, pause=lambda _: None)
    assert unasked.problem == ""


def test_one_that_refuses_and_one_that_leads_nowhere_are_told(refusing: int) -> None:
    landmarks = [here(port=refusing), here("own:gone", host="gone.invalid")]
    refused, gone = try_all(landmarks, DUBLIN, pause=lambda _: None)
    assert (refused.problem, refused.least_ms) == ("refused", None)
    assert (gone.problem, gone.address) == ("no_name", "")


def test_an_address_of_another_network_is_told(listening: int) -> None:
    one = here("aws:eu-west-1", listening, provider="aws", own=False)
    (other,) = try_all([one], DUBLIN, lambda _: 64_500, pause=lambda _: None)
    assert (other.problem, other.asn) == ("other_network", 64_500)
    (fine,) = try_all([one], DUBLIN, lambda _: 16_509, pause=lambda _: None)
    (without_data,) = try_all([one], DUBLIN, lambda _: 0, pause=lambda _: None)
    assert (fine.problem, without_data.problem) == ("", "")


def test_two_names_that_lead_to_one_server_are_told(listening: int) -> None:
    pair = [here(port=listening), here("own:there", listening)]
    first, second = try_all(pair, DUBLIN, pause=lambda _: None)
    assert (first.problem, second.problem) == ("", "shared_address")


def test_an_own_landmark_is_asked_for_its_signature() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)

        def reply() -> None:
            for _ in range(6):
                data, source = one.recvfrom(200)
                nonce = nonce_of(data)
                assert nonce is not None
                one.sendto(answer(nonce, key, 0, 64), source)

        thread = threading.Thread(target=reply)
        thread.start()
        signed = here(port=one.getsockname()[1], method="signed", public_key=bytes(key.verify_key).hex())
        forged = msgspec.structs.replace(signed, landmark="own:f", public_key=bytes(other.verify_key).hex())
        well, bad = try_all([signed, forged], DUBLIN, pause=lambda _: None)
        thread.join()
    assert well.problem == ""
    assert bad.problem == "unsigned"


def test_the_command_checks_a_file_and_tries_what_is_asked(
    tmp_path: Path, listening: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "landmarks.yaml"
    path.write_text(
        "landmarks:\n  - {id: 'own:here', provider: own, place: 'Dublin, IE', country: IE, latitude: 53.333, "
        f"longitude: -6.249, host: 127.0.0.1, port: {listening}}}\n"
    )
    arguments = ["landmarks", "check", "--landmarks", str(path), "--live", "--only", "own:here", "--here", "Dublin, IE"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "own:here" in shown
    assert "187 landmarks: 0 faults, 0 warnings; 1 of 1 tried are well" in shown
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["landmark"] for one in document["items"]] == ["own:here"]
    assert document["faults"] == []
    path.write_text("landmarks: [{id: x}]\n")
    assert main(["landmarks", "check", "--landmarks", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["line"] == 1


def test_a_city_that_could_be_several_is_asked_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["landmarks", "check", "--here", "Portland"]) == 1
    assert "Portland, OR, US" in capsys.readouterr().err


def test_the_list_says_that_nobody_tried_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["landmarks", "list", "--provider", "hetzner"]) == 0
    shown = capsys.readouterr().out
    assert "fsn1-speed.hetzner.com:443" in shown
    assert "nobody who ships this list has tried them live" in shown


def test_quarantine_is_listed_lifted_and_put_with_an_audit_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path)]
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    now = datetime.now(UTC)
    for device in ("a", "b"):
        one = Witness(
            landmark="vultr:wa-us", device=device, day=now.date(), rtt_ms=2.0, against=("aws:eu-west-1", "ibm:eu-gb"),
            km=7_000.0, part="europe", ties=(device,),
        )  # fmt: skip
        store.witness_landmarks([one], 186, now)
    store.close()
    assert main(["landmarks", "quarantine", "list", *data]) == 0
    shown = capsys.readouterr().out
    assert "vultr:wa-us" in shown
    assert "quarantined" in shown
    assert "device a: 2.0 ms, 7,000 km too near" in shown
    assert main(["landmarks", "quarantine", "lift", "vultr:wa-us", "--reason", "Our own firewall.", *data]) == 0
    assert main(["landmarks", "quarantine", "lift", "vultr:wa-us", "--reason", "Again.", *data]) == 1
    assert "is not doubted" in capsys.readouterr().err
    assert main(["landmarks", "quarantine", "put", "ibm:eu-gb", "--reason", "Moved.", "--json", *data]) == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["state"] == "quarantined"
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    try:
        actions = [(line.action, line.subject) for line in store.audit()]
    finally:
        store.close()
    assert actions == [
        ("landmark_quarantined", "ibm:eu-gb"), ("landmark_lifted", "vultr:wa-us"),
        ("landmark_quarantined", "vultr:wa-us"),
    ]  # fmt: skip
