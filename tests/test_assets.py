"""`make assets`: outlines from TopoJSON, and what lies there when it was run."""

import importlib.util
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from farmwatch_collector.place.network_file import unpack
from farmwatch_collector.place.networks import Networks

ROOT = Path(__file__).parent.parent
VENDOR = ROOT / "collector" / "farmwatch_collector" / "console" / "static" / "vendor"
NETWORKS = ROOT / "collector" / "farmwatch_collector" / "place" / "data" / "networks.bin"
MADE = {
    "farmwatch_collector/console/static/vendor/leaflet.js",
    "farmwatch_collector/console/static/vendor/leaflet.css",
    "farmwatch_collector/console/static/vendor/leaflet.LICENSE",
    "farmwatch_collector/console/static/vendor/outlines.json",
    "farmwatch_collector/console/static/vendor/cytoscape.js",
    "farmwatch_collector/console/static/vendor/cytoscape.LICENSE",
    "farmwatch_collector/place/data/networks.bin",
}
wants_assets = pytest.mark.skipif(
    not all(path.is_file() for path in (NETWORKS, VENDOR / "outlines.json", VENDOR / "cytoscape.js")),
    reason="no assets here: make assets",
)


def outlines_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("outlines", ROOT / "packaging" / "assets" / "outlines.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_arcs_are_differences_on_a_grid_and_shared_backwards() -> None:
    # Two squares that share an edge. Arc 0 is the shared one; the second country walks it backwards, written ~0 = -1.
    topology = {
        "transform": {"scale": [0.5, 0.25], "translate": [-10, 20]},
        "arcs": [
            [[2, 0], [0, 4]],
            [[2, 4], [-2, 0], [0, -4], [2, 0]],
            [[2, 0], [2, 0], [0, 4], [-2, 0]],
        ],
        "objects": {
            "countries": {
                "geometries": [
                    {"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "West"}},
                    {"type": "MultiPolygon", "arcs": [[[2, -1]]], "properties": {"name": "East"}},
                ]
            }
        },
    }
    west, east = outlines_module().outlines(topology)["features"]
    assert west["properties"] == {"name": "West"}
    assert west["geometry"]["coordinates"] == [[(-9, 20), (-9, 21), (-10, 21), (-10, 20), (-9, 20)]]
    assert east["geometry"]["coordinates"] == [[[(-9, 20), (-8, 20), (-8, 21), (-9, 21), (-9, 20)]]]


def test_a_shape_that_is_no_area_is_refused() -> None:
    topology = {
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [],
        "objects": {"countries": {"geometries": [{"type": "Point", "properties": {"name": "x"}}]}},
    }
    with pytest.raises(ValueError, match="Point"):
        outlines_module().outlines(topology)


@pytest.mark.integration
@wants_assets
def test_the_outlines_are_rings_of_known_countries_within_the_world() -> None:
    features = json.loads((VENDOR / "outlines.json").read_text(encoding="utf-8"))["features"]
    names = {each["properties"]["name"] for each in features}
    assert {"France", "United States of America", "Japan"} <= names
    assert len(features) > 150
    for feature in features:
        shape = feature["geometry"]
        areas = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        for ring in (ring for area in areas for ring in area):
            assert ring[0] == ring[-1]
            assert len(ring) > 3
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)


@pytest.mark.integration
@wants_assets
def test_the_network_data_knows_addresses_that_everybody_knows() -> None:
    table = unpack(NETWORKS.read_bytes(), "networks.bin")
    networks = Networks(table)
    # Public resolvers of their owners: https://developers.google.com/speed/public-dns, https://one.one.one.one
    assert networks.of("8.8.8.8").asn == networks.of("2001:4860:4860::8888").asn == 15169
    assert networks.of("1.1.1.1").asn == networks.of("2606:4700:4700::1111").asn == 13335
    assert networks.of("8.8.8.8").country == "US"
    assert networks.of("1.1.1.1").kind == "sase"
    assert list(table.asn4.starts) == sorted(set(table.asn4.starts))
    assert len(table.names) > 50_000
    assert all("CC BY 4.0" in source for source in table.sources)


@pytest.mark.integration
@wants_assets
def test_a_wheel_and_a_source_package_hold_what_was_made(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert set(zipfile.ZipFile(wheel).namelist()) >= MADE
    (source,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        held = {name.partition("/")[2].removeprefix("collector/") for name in archive.getnames()}
    assert held >= MADE
    assert {"packaging/assets/build.py", "packaging/assets/package-lock.json", "requirements/assets.txt"} <= held
