"""Places in words are found offline; what could be two is asked back, and never guessed.

Coordinates are those of GeoNames' public pages; distances and countries are facts of geography.
"""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.place.countries import countries, country_of
from farmwatch_collector.place.gazetteer import gazetteer
from farmwatch_collector.place.geocoding import Geocoder, PlaceError, geocoder, km_apart, radius_of
from farmwatch_collector.place.names import fold, spelt_out
from farmwatch_detectors.policy import Claim


def claim(text: str) -> Claim:
    return geocoder().claim(text)


def refusal(text: str) -> PlaceError:
    with pytest.raises(PlaceError) as caught:
        claim(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "latitude", "longitude", "country"),
    [
        ("Munich, DE", 48.14, 11.58, "DE"),
        ("München", 48.14, 11.58, "DE"),
        ("MUENCHEN, Germany", 48.14, 11.58, "DE"),
        ("münchen , deutschland", 48.14, 11.58, "DE"),
        ("Munich, Bavaria, DE", 48.14, 11.58, "DE"),
        ("Wuerzburg, DE", 49.79, 9.95, "DE"),
        ("Portland, OR, US", 45.52, -122.68, "US"),
        ("Portland, Oregon, USA", 45.52, -122.68, "US"),
        ("Portland, ME", 43.66, -70.26, "US"),
        ("St. Louis, MO, US", 38.63, -90.20, "US"),
        ("Saint Louis, Missouri", 38.63, -90.20, "US"),
        ("St Louis, MO", 38.63, -90.20, "US"),
        ("Ft. Worth, TX", 32.73, -97.32, "US"),
        ("Toronto, ON, CA", 43.70, -79.42, "CA"),
        ("Toronto, Ontario", 43.70, -79.42, "CA"),
        ("Sao Paulo, BRA", -23.55, -46.63, "BR"),
        ("Kiev, UA", 50.45, 30.52, "UA"),
        ("Leeds, England", 53.80, -1.55, "GB"),
        ("Leeds, UK", 53.80, -1.55, "GB"),
        ("Den Haag, NL", 52.08, 4.30, "NL"),
        ("Coeur d\u2019Alene, ID", 47.68, -116.78, "US"),
    ],
)
def test_a_place_is_found_however_it_is_written(text: str, latitude: float, longitude: float, country: str) -> None:
    found = claim(text)
    assert km_apart(found.latitude, found.longitude, latitude, longitude) < 10
    assert found.country == country


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("Springfield", {"Springfield, IL, US", "Springfield, MO, US", "Springfield, MA, US"}),
        ("Springfield, US", {"Springfield, IL, US", "Springfield, OR, US"}),
        ("Portland", {"Portland, OR, US", "Portland, ME, US"}),
        ("Paris", {"Paris, FR", "Paris, TX, US"}),
        ("Richmond, CA", {"Richmond, CA, US", "Richmond, BC, CA"}),  # California or Canada
        ("Frankfurt, DE", {"Frankfurt am Main, DE", "Frankfurt (Oder), DE"}),
        ("Halle, DE", {"Halle (Saale), DE"}),  # a town in Westphalia bears the bare name
    ],
)
def test_what_could_be_two_places_is_asked_back_with_both(text: str, candidates: set[str]) -> None:
    error = refusal(text)
    assert candidates <= set(error.candidates)
    assert f"{text!r} could be" in error.problem


def test_each_candidate_that_is_offered_is_taken_as_it_stands() -> None:
    for text in ("Springfield", "San José, CR", "Santa Cruz", "Frankfurt", "Richmond, CA", "Halle, DE", "Victoria"):
        for offered in refusal(text).candidates:
            assert claim(offered), offered


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Muncih, DE", "Did you mean 'Munich, DE'"),
        ("Neustadt, DE", "Neustadt an der Weinstraße, DE"),
        ("Berlin, Bavaria, DE", "in Bayern"),
        ("Portland, QQ, US", "'QQ' is no state of United States"),
        ("Cork, Irland", 'Its code is "IE"'),
        ("Germany", "is a whole country"),
        ("Mexico", "is a whole country"),
        ("12 Example Road, Springfield, IL, US", "has 4 parts"),
        ("Kleinkleckersdorf, DE", "Write the nearest larger city, or coordinates."),
        ("", "names no place"),
        (" , ", "names no place"),
        ("91, 10", "lies on no map"),
        ("120.5, 45", "Latitude comes first."),
        ("45, 181", "lies on no map"),
        ("0, 0", "is in the sea"),
        ("48,14", "one number with a comma in it"),
        ("48; 11", "Write both numbers with a point"),
        ("48,14, 11,58", "Write degrees with a point"),
        ("48.14", "is no pair of coordinates"),
    ],
)
def test_what_is_no_place_says_what_to_write(text: str, said: str) -> None:
    assert said in str(refusal(text))


@pytest.mark.parametrize(
    ("name", "country"), [("Luxembourg", "LU"), ("Singapore", "SG"), ("Malta", "MT"), ("Liechtenstein", "LI"),
                          ("Monaco", "MC"), ("Andorra", "AD"), ("Hong Kong", "HK")]
)  # fmt: skip
def test_a_small_country_is_a_place_by_itself(name: str, country: str) -> None:
    assert claim(name).country == country


def test_a_capital_that_bears_its_large_country_s_name_is_the_city() -> None:
    assert claim("Djibouti").place == "Djibouti, DJ"


@pytest.mark.parametrize(
    ("text", "latitude", "longitude"),
    [
        ("48.14, 11.58", 48.14, 11.58),
        ("48.14 11.58", 48.14, 11.58),
        ("48.14N, 11.58E", 48.14, 11.58),
        ("33.8688° S, 151.2093° E", -33.87, 151.21),
        ("-33.8688;151.2093", -33.87, 151.21),
        ("45.52, -122.68", 45.52, -122.68),
    ],
)
def test_coordinates_are_taken_to_a_kilometre_and_no_nearer(text: str, latitude: float, longitude: float) -> None:
    found = claim(text)
    assert (found.latitude, found.longitude, found.radius_km) == (latitude, longitude, 50.0)
    assert found.place == f"{latitude:.2f}, {longitude:.2f}"


def test_a_point_has_a_country_only_where_no_border_is_as_near_as_a_city() -> None:
    assert claim("48.14, 11.58").country == "DE"  # Munich
    assert claim("39.74, -104.99").country == "US"  # Denver
    assert claim("31.77, -106.50").country != "FR"  # El Paso and Ciudad Juárez: either, or not said
    assert claim("-30.0, -30.0").country == ""  # the South Atlantic
    assert claim("51.46, 5.20").country in ("NL", "BE", "")  # where the two interlock


def test_a_claim_s_radius_is_the_city_s_size_and_a_commute() -> None:
    # pi * r^2 * 986 people per km2 = 1,000,000 gives r = 17.97 km.
    assert radius_of(1_000_000) == round(40 + math.sqrt(1e6 / (math.pi * 986))) == 58
    assert radius_of(0) == radius_of(15_000) == 50
    assert [radius_of(10**power) for power in (5, 6, 7)] == sorted(radius_of(10**power) for power in (5, 6, 7))
    assert max(radius_of(city.population) for city in gazetteer().cities) < 150


def test_distances_are_those_of_great_circles() -> None:
    assert km_apart(0, 0, 0, 90) == pytest.approx(6371.0088 * math.pi / 2)
    assert km_apart(0, 179.5, 0, -179.5) == pytest.approx(6371.0088 * math.radians(1))
    # London Heathrow to New York JFK: 5,540 km by any great-circle calculator.
    assert km_apart(51.4700, -0.4543, 40.6413, -73.7781) == pytest.approx(5540, abs=10)


def test_every_country_is_found_by_its_codes_and_name() -> None:
    assert {"US", "DE", "KP", "IE", "XK"} <= set(countries())
    for code, country in countries().items():
        assert re.fullmatch(r"[A-Z]{2}", code)
        found = country_of(country.name)
        assert found is not None
        assert country_of(code.lower()) == country
        assert found.iso == code
    assert country_of("Atlantis") is None


def test_every_city_of_the_gazetteer_lies_in_a_known_country() -> None:
    assert {city.country for city in gazetteer().cities} <= set(countries())


def test_names_are_compared_without_case_accents_and_dots() -> None:
    assert fold("Saint-Étienne") == fold("ST ETIENNE") == "saint etienne"
    assert fold("Łódź") == "lodz"
    assert spelt_out("Düsseldorf") == fold("Duesseldorf")
    assert spelt_out("Du\u0308sseldorf") == "duesseldorf"


def test_a_file_in_which_nothing_fits_is_not_searched_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farmwatch_collector.place.geocoding.MOST_SUGGESTIONS", 1)
    finder = Geocoder(gazetteer())
    said = []
    for name in ("Muncih, DE", "Muncihh, DE"):
        with pytest.raises(PlaceError) as caught:
            finder.claim(name)
        said.append(bool(caught.value.candidates))
    assert said == [True, False]


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"[A-Za-zÄÖü .'-]{0,12}(, ?[A-Za-z]{0,9}){0,3}", fullmatch=True))
def test_any_text_is_a_valid_place_or_a_refusal_with_a_remedy(text: str) -> None:
    try:
        found = claim(text)
    except PlaceError as error:
        said = error
    else:
        assert -90 <= found.latitude <= 90
        assert -180 <= found.longitude <= 180
        assert 50 <= found.radius_km < 200
        assert found.country in {"", *countries()}
        return
    assert said.problem
    assert said.remedy.endswith(".")


@settings(max_examples=60, deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_any_point_on_the_map_is_taken(latitude: float, longitude: float) -> None:
    text = f"{latitude:.5f}, {longitude:.5f}"
    if float(f"{latitude:.5f}") == 0 and float(f"{longitude:.5f}") == 0:
        return
    found = claim(text)
    assert km_apart(found.latitude, found.longitude, latitude, longitude) < 1.0
