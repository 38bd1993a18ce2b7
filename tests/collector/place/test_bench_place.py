"""`bench-place` on tiny folders made here, and its bars on the real one where FARMWATCH_CORPUS names it."""

import os
import tempfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.bench import place, place_data, place_measure
from farmwatch_collector.bench.place_cases import NEAR_CLAIM, PLANNED, planned, true_claims, with_noise
from farmwatch_collector.bench.place_data import Noise, PlaceDataError
from farmwatch_collector.bench.place_plot import distance_plot
from farmwatch_collector.bench.place_results import PlaceReport, Point, share
from farmwatch_collector.place import calibration
from farmwatch_collector.place.geometry import km_between

from .worlds import CITIES, LANDMARKS, away, cities, times

CORPUS = os.environ.get("FARMWATCH_CORPUS", "")


def folder(path: Path, hosts: int = 70) -> Path:
    """Writes a small mesh in which every second site asks all others, as the real one does."""
    metros = ["id,provider,region,place,country,lat,lon,uncert_km,host,port,kind,checked_live"]
    servers = ["id,name,country,lat,lon"]
    sites: list[tuple[float, float]] = []
    for number, (name, (lat, lon)) in enumerate(CITIES.items()):
        metros.append(f"aws:{number},aws,{number},{name},XX,{lat},{lon},25,x.example.com,443,,no")
        servers.append(f"{number},{name},XX,{lat},{lon}")
        sites.append((lat, lon))
    far = [one for one in cities(3 * hosts) if min(away(one.latitude, one.longitude, each) for each in LANDMARKS) > 150]
    for city in far[:hosts]:
        servers.append(f"{len(sites)},{city.name.replace(',', '')},{city.country},{city.latitude},{city.longitude}")
        sites.append((city.latitude, city.longitude))
    servers += [f"{len(sites)},Belfast,GB,54.6,-5.9", f"{len(sites) + 1},Nowhere,XX,,"]
    sites += [(54.6, -5.9), (54.6, -5.9)]
    dice = np.random.default_rng(1)
    pairs = ["src_id,dst_id,min_rtt_ms,mean_rtt_ms,mdev_ms"]
    for one in range(0, len(sites), 2):
        slow = 1.4 + 0.4 * dice.random()
        for other in range(len(sites)):
            km = away(*sites[one], LANDMARKS[0]) if one == other else _km(sites[one], sites[other])
            pairs.append(f"{one},{other},{km / 100 * slow + 1 + 5 * dice.random():.3f},,")
    pairs += ["0,1,,,", "0,1,nan,,", "0,1,-4,,"]
    for name, rows in (
        ("landmarks", metros),
        ("hosting_mesh_2020_servers", servers),
        ("hosting_mesh_2020_pairs", pairs),
    ):
        (path / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(km_between(*one, *other))


def test_the_reader_takes_both_directions_and_names_what_it_leaves_out(tmp_path: Path) -> None:
    data = place_data.load(folder(tmp_path))
    assert len(data.landmarks) == len(CITIES)
    # A site that asked hears all 14; one that did not is heard by the seven landmarks that asked.
    assert {len(host.observations) for host in data.mesh} == {14, 7}
    assert data.missing == ("atlas_access_traces.csv", "atlas_access_pings.csv")
    assert data.dropped == {"sites named as wrong": 1, "sites without coordinates": 1, "pairs without a time": 3}


def test_the_least_of_both_directions_counts(tmp_path: Path) -> None:
    folder(tmp_path)
    pairs = tmp_path / "hosting_mesh_2020_pairs.csv"
    pairs.write_text(pairs.read_text() + "20,0,3.25,,\n0,20,4.5,,\n", encoding="utf-8")
    host = next(host for host in place_data.load(tmp_path).mesh if host.host == "20")
    assert next(o.rtt_ms for o in host.observations if o.landmark.landmark == "mesh:0") == 3.25


def test_real_access_leaves_out_what_the_data_s_page_names(tmp_path: Path) -> None:
    head = "src_id,src_lat,src_lon,coord_quality,access,dst_id,dst_lat,dst_lon,min_rtt_ms,median_rtt_ms,n,a,b"
    rows = [
        "atlas1,52.3,4.9,2023-list,lan,aws eu-central-1,50.1,8.7,9.5,,3,,",
        "atlas1,52.3,4.9,2023-list,lan,aws us-east-2,40.0,-83.0,,99,3,,",
        "atlas2,52.3,4.9,2014-list,lan,aws eu-central-1,50.1,8.7,9.5,,3,,",
        "atlas86,52.3,4.9,2023-list,lan,aws eu-central-1,50.1,8.7,0.1,,3,,",
        "atlas3,52.3,4.9,matched<=15km,starlink,gcp europe-west3,50.1,8.7,41,,3,,",
    ]
    (tmp_path / "atlas_access_traces.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    data = place_data.load(tmp_path)
    assert [(host.host, host.access, len(host.observations)) for host in data.access] == [
        ("atlas1", "wired", 1),
        ("atlas3", "satellite", 1),
    ]
    assert data.dropped["probes named as wrong, or with coordinates of 2014"] == 2


def test_folders_of_other_hands_are_read_alike(tmp_path: Path) -> None:
    folder(tmp_path)
    plain = place_data.load(tmp_path)
    for path in tmp_path.glob("*.csv"):
        rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
        rows = [
            [*row, "more"] if number else [*(f" {name}" for name in row), "note"] for number, row in enumerate(rows)
        ]
        text = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
        path.write_bytes(b"\xef\xbb\xbf" + text.encode().replace(b"XX", b"\xe9"))  # a letter that is not UTF-8
    other = place_data.load(tmp_path)
    assert [(host.host, host.latitude, [each.rtt_ms for each in host.observations]) for host in other.mesh] == [
        (host.host, host.latitude, [each.rtt_ms for each in host.observations]) for host in plain.mesh
    ]


def test_a_host_that_only_answered_is_known_from_those_who_asked(tmp_path: Path) -> None:
    folder(tmp_path)
    pairs = tmp_path / "hosting_mesh_2020_pairs.csv"
    head, *rows = pairs.read_text(encoding="utf-8").splitlines()
    turned = [",".join((other, one, *rest)) for one, other, *rest in (row.split(",") for row in rows)]
    before = {host.host: len(host.observations) for host in place_data.load(tmp_path).mesh}
    pairs.write_text("\n".join((head, *turned)), encoding="utf-8")
    assert {host.host: len(host.observations) for host in place_data.load(tmp_path).mesh} == before


@pytest.mark.parametrize("bad", ["", "0", "-3", "inf", "-inf", "nan", "1e-300", "1e300", "5001", "late"])
def test_a_time_that_is_none_is_left_out_and_counted(tmp_path: Path, bad: str) -> None:
    folder(tmp_path)
    pairs = tmp_path / "hosting_mesh_2020_pairs.csv"
    pairs.write_text(pairs.read_text(encoding="utf-8") + f"20,0,{bad},,\n20,20,{bad},,\n99,0,4,,\n", encoding="utf-8")
    data = place_data.load(tmp_path)
    assert data.dropped["pairs without a time"] == 4
    assert all(0.01 <= each.rtt_ms <= 5000 for host in data.mesh for each in host.observations)


def test_regions_of_one_name_at_two_providers_are_two_landmarks(tmp_path: Path) -> None:
    (tmp_path / "atlas_access_traces.csv").write_text(
        "src_id,src_lat,src_lon,coord_quality,access,dst_id,dst_lat,dst_lon,min_rtt_ms\n"
        "a,52.3,4.9,,WiFi,aws eu-central-1,50.1,8.7,9.5\na,52.3,4.9,,wifi,other eu-central-1,48.1,11.6,12.5\n",
        encoding="utf-8",
    )
    (host,) = place_data.load(tmp_path).access
    assert host.access == "wifi"
    assert [each.landmark.landmark for each in host.observations] == ["aws:eu-central-1", "other:eu-central-1"]


def test_without_a_bar_to_judge_nothing_is_met(tmp_path: Path) -> None:
    report = PlaceReport(
        version=1, seeds=(1,), mesh_hosts=0, landmarks=0, access_hosts=0, missing=("x.csv",), dropped={}, shares=(),
        located=(), points=(), small=(), regions=(), costs=(),
    )  # fmt: skip
    assert not report.ok
    assert "NO BAR was judged" in place.text(report)


def test_a_folder_without_anything_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PlaceDataError, match="holds neither a mesh"):
        place_data.load(tmp_path)
    assert place.main([str(tmp_path)]) == 2
    assert "holds neither" in capsys.readouterr().err


_CELL = st.text('0123456789.,-naif"\n\0', max_size=8)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(_CELL, max_size=6), max_size=6), st.sampled_from(["id", "src_id,dst_id,min_rtt_ms", ""]))
def test_foreign_files_never_raise_anything_but_a_reason(rows: list[list[str]], head: str) -> None:
    body = "\n".join(",".join(row) for row in rows)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for file, columns in (
            ("hosting_mesh_2020_servers", "id,name,country,lat,lon"), ("hosting_mesh_2020_pairs", head),
            ("landmarks", "provider,lat,lon"),
        ):  # fmt: skip
            (root / f"{file}.csv").write_text(f"{columns}\n0,Dublin,IE,53.35,-6.26\naws,53.35,-6.26\n{body}", "utf-8")
        try:
            loaded = place_data.load(root)
        except PlaceDataError as error:
            words = str(error)
        else:
            words = "docs/place.md" if loaded.mesh else ""
        assert "docs/place.md" in words, "either a reason, or something that can be judged"


def test_halves_share_no_host_and_hold_them_all(tmp_path: Path) -> None:
    hosts = place_data.load(folder(tmp_path)).mesh
    for seed in place_measure.SEEDS:
        one, other = place_measure.split(hosts, seed)
        assert not {host.host for host in one} & {host.host for host in other}
        assert len(one) + len(other) == len(hosts)


def test_a_plan_asks_near_the_claim_and_near_the_fastest_and_no_more_than_it_may() -> None:
    sydney = (-33.87, 151.21)
    chosen = planned(times(53.35, -6.26), *sydney)
    assert len(chosen) == PLANNED == len({each.landmark.landmark for each in chosen})
    nearest = sorted(LANDMARKS, key=lambda one: away(*sydney, one))[:NEAR_CLAIM]
    assert {one.landmark for one in nearest} <= {each.landmark.landmark for each in chosen}
    assert "test:Dublin" in {each.landmark.landmark for each in chosen}


def test_noise_only_adds() -> None:
    seen = times(53.35, -6.26)
    noisy = with_noise(seen, Noise((12.0,), (0.0, 3.0)), np.random.default_rng(1))
    added = {round(after.rtt_ms - before.rtt_ms, 9) for before, after in zip(seen, noisy, strict=True)}
    assert added == {12.0, 15.0}


def test_every_class_is_calibrated_from_each_host_once_and_probes_as_they_are(tmp_path: Path) -> None:
    data = msgspec.structs.replace(place_data.load(folder(tmp_path)), noise={"wifi": Noise((1.0,), (1.0,))})
    found = true_claims(data.mesh[:3], data.mesh[3:5], data, np.random.default_rng(1))
    assert [case.access for case in found] == ["wired", "wired", "wifi", "wifi"] * 3 + ["wired"] * 2


def test_bars_are_judged_by_the_share_and_intervals_are_wilson_s() -> None:
    # Wilson's interval of 2 of 100: 0.55 % to 7.0 % (any textbook table).
    one = share("x", "false positives", 2, 100, 0.02, most=True)
    assert (one.met, round(one.low, 4), round(one.high, 3)) == (True, 0.0055, 0.07)
    assert share("x", "y", 39, 100, 0.40).met is False
    assert share("x", "y", 0, 0, 0.40).met is None


def test_the_picture_names_each_setting_and_each_distance() -> None:
    points = [Point(setting="a <b>", km=km, hits=hits, n=10) for km, hits in ((300, 1), (1000, 5), (3000, 9))]
    drawn = distance_plot(points, {1000: 0.4}, ["a <b>", "never measured"])
    assert "a &lt;b&gt;" in drawn
    assert "3,000" in drawn
    assert "never measured" not in drawn
    assert drawn.startswith("<svg ")
    assert drawn.endswith("</svg>\n")


@pytest.mark.soak
def test_the_whole_measurement_of_a_tiny_mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place_measure, "SMALL", ())
    # What is shipped was made from all of the public hosts: a measurement that read it would know its answers.
    monkeypatch.setattr(calibration, "read_text", None)
    calibration.shipped.cache_clear()
    monkeypatch.setattr(calibration, "shipped", None)
    report = place_measure.measure(place_data.load(folder(tmp_path, 120)), [1])
    shares = {(each.setting, each.what): each for each in report.shares}
    assert shares[place_measure.WIRED, "8,000 km"].share > 0.9
    assert shares[place_measure.WIRED, "false positives"].share <= 0.1
    assert all(each.beyond_light == 0 for each in report.located)
    assert msgspec.json.decode(place_measure.encoded(report), type=PlaceReport) == report
    text = place.text(report)
    assert "not judged, the folder lacks what it needs: bars of real access" in text
    assert "MISSED" in text or "every bar that was judged is met" in text


def _rtt_folder() -> Path | None:
    found = [path for path in (Path(CORPUS) / "rtt", Path(CORPUS)) if (path / "hosting_mesh_2020_pairs.csv").is_file()]
    return found[0] if CORPUS and found else None


@pytest.mark.soak
@pytest.mark.skipif(_rtt_folder() is None, reason="FARMWATCH_CORPUS names no folder of round-trip times")
def test_the_bars_on_the_corpus() -> None:
    found = _rtt_folder()
    assert found is not None
    report = place_measure.measure(place_data.load(found), place_measure.SEEDS)
    assert report.ok, place.text(report)
