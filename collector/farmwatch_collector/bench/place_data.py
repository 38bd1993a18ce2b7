"""Reads a folder of public round-trip times: hosts whose place is known, and what they measured.

Columns: docs/place.md. Any file may be missing; what needs it is left out then and named.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

import msgspec
import numpy as np

from farmwatch_schema.errors import FarmwatchError

from ..place.claim_test import LEAST_MS, LONGEST_MS
from ..place.geometry import km_between
from ..place.types import Landmark, Observation

#: Named by the data's own page: places known to be wrong, an in-path box that answers, coordinates of 2014.
WRONG_SITES = ("LaCeiba", "Belfast")
WRONG_PROBES = ("atlas61780", "atlas86", "atlas1000306")
WRONG_QUALITY = ("2014-list",)
#: A host of the mesh this near a cloud's metro stands for a landmark, no two nearer than that (km).
METRO_KM, APART_KM = 80.0, 150.0
METRO_PROVIDERS = ("aws", "azure", "gcp", "oracle")
#: Declared places are those of cities: the landmark's part of the 50 km of slack, and the claim's.
UNCERTAINTY_KM, RADIUS_KM = 25.0, 25.0
ACCESS = {
    "lan": "wired", "home": "wired", "wifi": "wifi", "cellular": "mobile", "lte": "mobile",
    "satellite": "satellite", "starlink": "satellite",
}  # fmt: skip
#: A wired probe so near another one shows what the other's access adds, km.
TWIN_KM = 60.0


class PlaceDataError(FarmwatchError):
    """The folder holds no round-trip times that can be used."""


class Host(msgspec.Struct, frozen=True):
    """A host at a place that is taken to be true, and its least time to each landmark."""

    host: str
    place: str
    country: str
    access: str
    latitude: float
    longitude: float
    observations: tuple[Observation, ...]


class Noise(msgspec.Struct, frozen=True):
    """What a kind of access adds, ms: once for a host, and anew for each landmark (least of three above the least)."""

    once: tuple[float, ...]
    each: tuple[float, ...]


class Data(msgspec.Struct, frozen=True):
    """What a folder holds.

    mesh     hosts of the hosting mesh that are no landmarks
    access   probes on real access networks
    noise    by kind of access
    missing  files that are not there
    dropped  hosts left out because the data's page names them, rows that are no measurement
    landmarks  of the mesh
    """

    mesh: tuple[Host, ...]
    access: tuple[Host, ...]
    noise: dict[str, Noise]
    missing: tuple[str, ...]
    dropped: dict[str, int]
    landmarks: tuple[Landmark, ...]


def load(folder: str | Path) -> Data:
    """Returns what the folder holds; raises PlaceDataError when it has neither a mesh nor access networks."""
    root = Path(folder)
    names = ("hosting_mesh_2020_servers.csv", "hosting_mesh_2020_pairs.csv", "landmarks.csv",
             "atlas_access_traces.csv", "atlas_access_pings.csv")  # fmt: skip
    missing = tuple(name for name in names if not (root / name).is_file())
    dropped: dict[str, int] = {}
    mesh, landmarks = _mesh(root, missing, dropped)
    access = _access(root / names[3], dropped) if names[3] not in missing else ()
    if not mesh and not access:
        raise PlaceDataError(
            f"{root} holds neither a mesh with landmarks ({', '.join(names[:3])}) nor {names[3]}. See docs/place.md."
        )
    noise = _noise(root / names[4]) if names[4] not in missing else {}
    return Data(mesh, access, noise, missing, dropped, landmarks)


def _rows(path: Path, *columns: str) -> list[dict[str, str]]:
    """Returns the rows, "" where a cell is not there; raises PlaceDataError when the file is no CSV with `columns`."""
    try:
        # A name in another encoding is no reason to refuse the numbers beside it.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            lines = csv.reader(file)
            head = [cell.strip() for cell in next(lines, [])]
            missing = [name for name in columns if name not in head]
            if missing:
                raise PlaceDataError(f"{path} lacks the column {missing[0]}. See docs/place.md.")
            return [
                {name: cell.strip() for name, cell in zip_longest(head, line[: len(head)], fillvalue="")}
                for line in lines
                if line
            ]
    except (OSError, csv.Error) as error:
        raise PlaceDataError(f"{path} cannot be read as CSV: {error}. See docs/place.md.") from error


def _number(text: str | None) -> float:
    """Returns the number, or nan for what is none."""
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _time(text: str | None) -> float:
    """Returns the milliseconds, or nan for what is no time: as `ClaimTest` sees it."""
    value = _number(text)
    return value if LEAST_MS <= value <= LONGEST_MS else math.nan


def _place(row: dict[str, str], prefix: str = "") -> tuple[float, float] | None:
    latitude, longitude = _number(row.get(f"{prefix}lat")), _number(row.get(f"{prefix}lon"))
    sound = abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if sound else None


def _count(dropped: dict[str, int], why: str) -> None:
    dropped[why] = dropped.get(why, 0) + 1


def _mesh(root: Path, missing: Sequence[str], dropped: dict[str, int]) -> tuple[tuple[Host, ...], tuple[Landmark, ...]]:
    needed = ("hosting_mesh_2020_servers.csv", "hosting_mesh_2020_pairs.csv", "landmarks.csv")
    if any(name in missing for name in needed):
        return (), ()
    sites: dict[str, tuple[dict[str, str], tuple[float, float]]] = {}
    for row in _rows(root / needed[0], "id", "name", "lat", "lon"):
        place = _place(row)
        if row.get("name") in WRONG_SITES:
            _count(dropped, "sites named as wrong")
        elif place is None:
            _count(dropped, "sites without coordinates")
        else:
            sites[row["id"]] = (row, place)
    least: dict[tuple[str, str], float] = {}
    for row in _rows(root / needed[1], "src_id", "dst_id", "min_rtt_ms"):
        one, other, rtt = row["src_id"], row["dst_id"], _time(row.get("min_rtt_ms"))
        if one == other or one not in sites or other not in sites:
            continue
        if not rtt > 0:
            _count(dropped, "pairs without a time")
            continue
        # A round trip is one whichever end asks; where both asked, the lesser is the better minimum.
        for pair in ((one, other), (other, one)):
            least[pair] = min(rtt, least.get(pair, math.inf))
    metros = [
        _place(row)
        for row in _rows(root / needed[2], "provider", "lat", "lon")
        if row.get("provider") in METRO_PROVIDERS
    ]
    landmarks = _landmarks(sites, [metro for metro in metros if metro is not None])
    hosts = []
    for name, (row, (latitude, longitude)) in sites.items():
        if name in landmarks:
            continue
        seen = tuple(
            Observation(landmark, least[name, other]) for other, landmark in landmarks.items() if (name, other) in least
        )
        if seen:
            hosts.append(Host(name, row["name"], row.get("country", ""), "wired", latitude, longitude, seen))
        else:
            _count(dropped, "sites that no landmark was measured from or to")
    return tuple(hosts), tuple(landmarks.values())


def _landmarks(
    sites: dict[str, tuple[dict[str, str], tuple[float, float]]], metros: Sequence[tuple[float, float]]
) -> dict[str, Landmark]:
    """Returns the sites that stand for landmarks: those nearest a metro first."""
    if not metros:
        return {}
    there = np.array(metros)
    ranked: list[tuple[float, str]] = []
    for name, (_, (latitude, longitude)) in sites.items():
        away = float(km_between(latitude, longitude, there[:, 0], there[:, 1]).min())
        if away <= METRO_KM:
            ranked.append((away, name))
    chosen: dict[str, Landmark] = {}
    for _, name in sorted(ranked):
        row, (latitude, longitude) = sites[name]
        if all(float(km_between(latitude, longitude, o.latitude, o.longitude)) >= APART_KM for o in chosen.values()):
            # Each site is a provider of its own here: they are hosted by different companies.
            chosen[name] = Landmark(
                landmark=f"mesh:{name}", provider=f"site {name}", place=row["name"], country=row.get("country", ""),
                latitude=latitude, longitude=longitude, uncertainty_km=UNCERTAINTY_KM, host="",
            )  # fmt: skip
    return chosen


def _access(path: Path, dropped: dict[str, int]) -> tuple[Host, ...]:
    probes: dict[str, tuple[str, tuple[float, float], dict[str, Observation]]] = {}
    left_out: set[str] = set()
    for row in _rows(path, "src_id", "src_lat", "src_lon", "dst_id", "dst_lat", "dst_lon", "min_rtt_ms", "access"):
        name, here, there = row["src_id"], _place(row, "src_"), _place(row, "dst_")
        if name in WRONG_PROBES or row.get("coord_quality") in WRONG_QUALITY:
            left_out.add(name)
            continue
        rtt = _time(row.get("min_rtt_ms"))
        if here is None or there is None or not rtt > 0:
            _count(dropped, "traces without a least time")
            continue
        provider, _, region = row["dst_id"].partition(" ")
        landmark = Landmark(
            landmark=f"{provider}:{region}", provider=provider, place=region, country="",
            latitude=there[0], longitude=there[1], uncertainty_km=UNCERTAINTY_KM, host="",
        )  # fmt: skip
        access = ACCESS.get(row["access"].lower(), "unknown")
        _, _, seen = probes.setdefault(name, (access, here, {}))
        if landmark.landmark not in seen or rtt < seen[landmark.landmark].rtt_ms:
            seen[landmark.landmark] = Observation(landmark, rtt)
    if left_out:
        dropped["probes named as wrong, or with coordinates of 2014"] = len(left_out)
    return tuple(
        Host(name, name, "", access, here[0], here[1], tuple(seen.values()))
        for name, (access, here, seen) in probes.items()
    )


def _noise(path: Path) -> dict[str, Noise]:
    """Returns what each kind of access adds, from probes that were asked for hours, beside wired ones near them."""
    rows = [
        (ACCESS.get(row["access"].lower(), ""), row["src_id"], row["dst_id"], place, row)
        for row in _rows(path, "src_id", "dst_id", "src_lat", "src_lon", "min_rtt_ms", "first3_min_ms", "access")
        if (place := _place(row, "src_")) is not None and row["src_id"] not in WRONG_PROBES
        and row.get("coord_quality") not in WRONG_QUALITY
    ]  # fmt: skip
    wired = [row for row in rows if row[0] == "wired"]
    found: dict[str, Noise] = {}
    for access in ("wifi", "mobile", "satellite"):
        once: list[float] = []
        each: list[float] = []
        for kind, name, target, (latitude, longitude), row in rows:
            least, first = _time(row.get("min_rtt_ms")), _time(row.get("first3_min_ms"))
            if kind != access or not least > 0:
                continue
            if first >= least:
                each.append(first - least)
            twins = _twins(wired, name, target, latitude, longitude)
            once += [max(0.0, least - twin) for twin in twins]
        if once and each:
            found[access] = Noise(tuple(once), tuple(each))
    return found


def _twins(
    wired: Iterable[tuple[str, str, str, tuple[float, float], dict[str, str]]],
    name: str,
    target: str,
    latitude: float,
    longitude: float,
) -> list[float]:
    """Least times of the wired probes nearby to the same target, ms."""
    return [
        _time(row.get("min_rtt_ms"))
        for _, other, there, (lat, lon), row in wired
        if other != name
        and there == target
        and _time(row.get("min_rtt_ms")) > 0
        and float(km_between(latitude, longitude, lat, lon)) <= TWIN_KM
    ]
