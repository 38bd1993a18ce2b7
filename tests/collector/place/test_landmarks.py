"""The shipped landmarks, and a company's own file over them."""

import csv
import io
from contextlib import suppress
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.input_error import InputError
from farmwatch_collector.place.gazetteer import gazetteer
from farmwatch_collector.place.geometry import km_between
from farmwatch_collector.place.landmarks import edge_of, parse_landmarks, read_landmarks, shipped

OWN = """
version: 1
landmarks:
  - id: own:fra
    provider: example-hosting
    place: Frankfurt, DE
    country: DE
    latitude: 50.11
    longitude: 8.68
    uncertainty_km: 10
    host: landmark-fra.example.com
    port: 7177
    method: signed
    public_key: "{key}"
""".replace("{key}", "ab" * 32)


def test_a_shipped_landmark_has_one_name_and_one_host() -> None:
    found = shipped()
    assert len(found) >= 150
    assert len({one.host for one in found.values()}) == len(found)
    assert all(key == one.landmark and key.startswith(one.provider + ":") for key, one in found.items())
    assert len({one.provider for one in found.values()}) >= 8


def test_no_shipped_name_ends_at_the_nearest_edge() -> None:
    assert [one.host for one in shipped().values() if edge_of(one.host)] == []
    # Seed rows whose place of termination nobody has verified.
    assert not any(one.host.endswith(".api.cognitive.microsoft.com") for one in shipped().values())


@pytest.mark.parametrize(
    "host",
    ["x.europe-west3.run.app", "europe-docker.pkg.dev", "D1.CloudFront.net.", "ndt-mlab1-fra01.measurement-lab.org"],
)
def test_names_at_the_edge_and_names_not_for_fleets_are_known(host: str) -> None:
    assert edge_of(host)


def test_names_that_only_resemble_the_edge_are_not() -> None:
    assert not edge_of("run.app.example.com")
    assert not edge_of("myrun.app-host.example.com")


def test_every_shipped_place_lies_in_its_country() -> None:
    cities = gazetteer()
    for one in shipped().values():
        here = [index for index, city in enumerate(cities.cities) if city.country == one.country]
        assert here, one.landmark
        nearest = km_between(one.latitude, one.longitude, cities.latitude[here], cities.longitude[here]).min()
        assert nearest <= max(one.uncertainty_km, 60), one.landmark


def test_each_row_says_where_it_is_from_and_that_nobody_tried_it() -> None:
    text = resources.files("farmwatch_collector.place").joinpath("data/landmarks.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(text)):
        assert row["source"].strip()
        assert row["date"] >= "2026-01-01"
        assert row["checked_live"] == "no"  # from where this list was made, nothing could be reached


def test_a_place_is_never_surer_than_its_provider_tells() -> None:
    # AWS: the zones of a region may lie 100 km apart, so its names cannot be surer than that.
    assert all(one.uncertainty_km >= 100 for one in shipped().values() if one.provider == "aws")
    assert all(one.uncertainty_km >= 20 for one in shipped().values())


def test_own_landmarks_come_beside_the_shipped_ones() -> None:
    found = parse_landmarks(OWN, "landmarks.yaml")
    own = found["own:fra"]
    assert own.own
    assert (own.method, own.port, own.public_key) == ("signed", 7177, "ab" * 32)
    assert set(found) == {*shipped(), "own:fra"}


def test_an_own_landmark_takes_a_shipped_one_s_place() -> None:
    text = OWN.replace("own:fra", "aws:eu-central-1")
    found = parse_landmarks(text, "landmarks.yaml")
    assert found["aws:eu-central-1"].host == "landmark-fra.example.com"
    assert len(found) == len(shipped())


def test_shipped_ones_can_be_forbidden_one_by_one_by_provider_and_all() -> None:
    found = parse_landmarks('without: ["vultr:*", "aws:sa-east-1"]\n', "landmarks.yaml")
    assert not any(one.provider == "vultr" for one in found.values())
    assert "aws:sa-east-1" not in found
    assert "aws:eu-west-1" in found
    assert set(parse_landmarks(OWN + 'without: ["*"]\n', "landmarks.yaml")) == {"own:fra"}


def test_an_empty_file_leaves_the_shipped_ones() -> None:
    assert parse_landmarks("# nothing yet\n", "landmarks.yaml") == shipped()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("country: DE", "country: Germany"), r"line 7, landmarks\[0\]\.country: is 'Germany'"),
        (("latitude: 50.11", "latitude: 150.11"), r"line 8, landmarks\[0\]\.latitude: is 150.11"),
        (("latitude: 50.11", "latitude: .nan"), r"line 8, landmarks\[0\]\.latitude: is nan"),
        (("longitude: 8.68", "longitud: 8.68"), r"line 9, landmarks\[0\]\.longitud: .*Did you mean 'longitude'"),
        (("uncertainty_km: 10", "uncertainty_km: 900"), r"line 10, .*uncertainty_km: is 900"),
        (("host: landmark-fra.example.com", "host: x.run.app"), r"line 11, .*host: x.run.app ends with .run.app"),
        (("port: 7177", "port: 0"), r"line 12, .*port: is 0"),
        (("method: signed", "method: icmp"), r"line 13, .*method"),
        (("method: signed", "method: tcp"), r"line 14, .*public_key: is of no use"),
        (('"' + "ab" * 32 + '"', '"abc"'), r"line 14, .*public_key: is no Ed25519 key"),
        (("version: 1", "version: 2"), r"line 2, version: is 2"),
        (("version: 1", 'version: 1\nwithout: ["vulter:*"]'), r"line 3, without\[0\]: no shipped landmark"),
    ],
)
def test_a_fault_is_told_with_line_field_and_remedy(change: tuple[str, str], says: str) -> None:
    assert change[0] in OWN
    with pytest.raises(InputError, match=says):
        parse_landmarks(OWN.replace(*change), "landmarks.yaml")


def test_one_server_is_one_witness() -> None:
    twice = OWN + OWN.split("landmarks:\n")[1].replace("own:fra", "own:fra2")
    with pytest.raises(InputError, match="stands there already"):
        parse_landmarks(twice, "landmarks.yaml")


def test_a_missing_file_says_so() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_landmarks("/nonexistent/landmarks.yaml")


@given(st.text(max_size=300))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with suppress(InputError):
        assert parse_landmarks(text, "landmarks.yaml") is not None


@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["landmarks", "without", "id", "latitude", "host"]), inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
def test_no_shape_does_more_than_be_refused(value: object) -> None:
    import yaml

    with suppress(InputError):
        assert parse_landmarks(yaml.safe_dump({"landmarks": value}), "landmarks.yaml") is not None
