"""Landmarks: the shipped list, and a company's own file laid over it. Format: docs/landmarks.md."""

import csv
import io
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from ..input_error import InputError, read_text
from ..yaml_file import parse_yaml, shown
from .types import Landmark

MAX_BYTES = 1 << 20
MOST_OWN = 2_000
PAGE = "docs/landmarks.md"
#: A landmark that may be farther off says nothing that a plan needs.
MOST_UNCERTAIN_KM = 500.0
#: Names that end at the edge nearest to who asks, or in many places at once: a connect to them tells no distance.
NEAREST_EDGE = (
    ".run.app", ".pkg.dev", ".appspot.com", ".web.app", ".cloudfront.net", ".awsglobalaccelerator.com", ".azurefd.net",
    ".azureedge.net", ".trafficmanager.net", ".akamaized.net", ".akamaiedge.net", ".edgekey.net", ".fastly.net",
    ".fastlylb.net", ".cdn.digitaloceanspaces.com", ".r2.dev", ".workers.dev", ".pages.dev", ".b-cdn.net",
    ".cdn77.org", ".vercel.app", ".netlify.app", ".github.io",
)  # fmt: skip
#: Networks that ask not to be measured by a fleet: M-Lab only through its Locate API, RIPE Atlas anchors never.
NOT_FOR_FLEETS = (".measurement-lab.org", ".anchors.atlas.ripe.net")

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,30}:[a-z0-9][a-z0-9._-]{0,31}\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_PROVIDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,30}\Z")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_ADDRESS6 = re.compile(r"[0-9a-f:]{2,39}\Z")
_KEY = re.compile(r"[0-9a-f]{64}\Z")


class OwnLandmark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of a company's file, as written there; `Landmark` has the fields' meaning."""

    id: str
    provider: str
    place: str
    country: str
    latitude: float
    longitude: float
    host: str
    uncertainty_km: float = 25.0
    port: int = 443
    method: Literal["tcp", "signed"] = "tcp"
    public_key: str = ""


class LandmarkFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company's file.

    landmarks  of its own; one with a shipped id takes that one's place
    without    shipped ids that are not to be measured, or `provider:*`, or `*` for all
    """

    version: int = 1
    landmarks: tuple[OwnLandmark, ...] = ()
    without: tuple[str, ...] = ()


@cache
def shipped() -> Mapping[str, Landmark]:
    """Returns the shipped landmarks by id, read once."""
    text = resources.files(__package__ or "").joinpath("data/landmarks.csv").read_text(encoding="utf-8")
    return {
        row["id"]: Landmark(
            landmark=row["id"],
            provider=row["provider"],
            place=row["place"],
            country=row["country"],
            latitude=float(row["lat"]),
            longitude=float(row["lon"]),
            uncertainty_km=float(row["uncertainty_km"]),
            host=row["host"],
            port=int(row["port"]),
        )
        for row in csv.DictReader(io.StringIO(text))
    }


def read_landmarks(path: str) -> Mapping[str, Landmark]:
    """Returns what is measured with a company's own file: its landmarks, and the shipped ones it leaves.

    Raises InputError with line, field and remedy.
    """
    return parse_landmarks(read_text(path, MAX_BYTES), path)


def parse_landmarks(text: str, name: str) -> Mapping[str, Landmark]:
    """Returns what is measured with a file's text; `name` is the file's, for errors. Raises InputError."""
    found = parse_yaml(text, name, LandmarkFile, _fields_at, PAGE)
    if found is None:
        return shipped()
    file, lines = found
    _check(file, name, lines)
    kept = {key: one for key, one in shipped().items() if not _forbidden(one, file.without)}
    return kept | {entry.id: _landmark(entry) for entry in file.landmarks}


def edge_of(host: str) -> str:
    """Returns the ending by which a name is known to be answered in many places or not for fleets; else ""."""
    name = "." + host.lower().rstrip(".")
    return next((ending for ending in (*NEAREST_EDGE, *NOT_FOR_FLEETS) if name.endswith(ending)), "")


def _landmark(entry: OwnLandmark) -> Landmark:
    return Landmark(
        landmark=entry.id,
        provider=entry.provider,
        place=entry.place,
        country=entry.country,
        latitude=entry.latitude,
        longitude=entry.longitude,
        uncertainty_km=entry.uncertainty_km,
        host=entry.host,
        port=entry.port,
        method=entry.method,
        public_key=entry.public_key,
        own=True,
    )


def _forbidden(landmark: Landmark, without: tuple[str, ...]) -> bool:
    return any(word in ("*", landmark.landmark, f"{landmark.provider}:*") for word in without)


def _fields_at(path: str) -> tuple[str, ...]:
    kind = OwnLandmark if path.startswith("$.landmarks[") else LandmarkFile
    return tuple(str(field) for field in kind.__struct_fields__)


def _check(file: LandmarkFile, name: str, lines: dict[str, int]) -> None:
    def fail(path: str, problem: str, remedy: str) -> InputError:
        parent = path.rpartition(".")[0] or "$"
        return InputError(name, lines.get(path, lines.get(parent, 1)), shown(path), problem, remedy)

    if file.version != 1:
        raise fail("$.version", f"is {file.version}, this program knows 1.", "Upgrade the collector.")
    if len(file.landmarks) > MOST_OWN:
        raise fail("$.landmarks", f"are {len(file.landmarks)}, at most {MOST_OWN} are taken.", "A dozen is plenty.")
    ids: set[str] = set()
    hosts: set[tuple[str, int]] = set()
    for index, entry in enumerate(file.landmarks):
        path = f"$.landmarks[{index}]"
        for field, problem, remedy in _faults(entry):
            raise fail(f"{path}.{field}", problem, remedy)
        if entry.id in ids:
            raise fail(f"{path}.id", f"{entry.id!r} stands there already.", "Keep one of them.")
        if (entry.host, entry.port) in hosts:
            problem = f"{entry.host} port {entry.port} stands there already."
            raise fail(f"{path}.host", problem, "One server is one landmark, or it would count as two witnesses.")
        ids.add(entry.id)
        hosts.add((entry.host, entry.port))
    providers = {one.provider for one in shipped().values()}
    for index, word in enumerate(file.without):
        if word not in shipped() and word != "*" and not (word.endswith(":*") and word[:-2] in providers):
            remedy = 'Take an id of `farmwatch landmarks list`, "provider:*", or "*" for all.'
            raise fail(f"$.without[{index}]", f"no shipped landmark is {word[:60]!r}.", remedy)


def _faults(entry: OwnLandmark) -> list[tuple[str, str, str]]:
    """Returns what is wrong with an entry: field, problem, remedy; in the order of the fields."""
    found: list[tuple[str, str, str]] = []
    if not _ID.match(entry.id):
        found.append(("id", f"is {entry.id[:70]!r}.", 'Write provider and place in small letters, like "own:fra".'))
    if not _PROVIDER.match(entry.provider):
        found.append(("provider", f"is {entry.provider[:40]!r}.", "Name the network it stands in, in small letters."))
    if not entry.place.strip() or not entry.place.isprintable() or len(entry.place) > 80:
        found.append(("place", "is empty, too long or not printable.", 'Write it for people: "Frankfurt, DE".'))
    if not _COUNTRY.match(entry.country):
        found.append(("country", f"is {entry.country[:20]!r}.", "Write the ISO code of two capitals, like DE."))
    if not -90 <= entry.latitude <= 90:
        found.append(("latitude", f"is {entry.latitude}.", "Degrees from -90 to 90; south is negative."))
    if not -180 <= entry.longitude <= 180:
        found.append(("longitude", f"is {entry.longitude}.", "Degrees from -180 to 180; west is negative."))
    if not 0 <= entry.uncertainty_km <= MOST_UNCERTAIN_KM:
        remedy = f"Kilometres from 0 to {MOST_UNCERTAIN_KM:g}: how far from the coordinates the server may be."
        found.append(("uncertainty_km", f"is {entry.uncertainty_km}.", remedy))
    if not (_HOST.match(entry.host) or _ADDRESS6.match(entry.host)):
        found.append(("host", f"is {entry.host[:60]!r}.", "A name in small letters or an address, without port."))
    elif edge_of(entry.host):
        problem = f"{entry.host[:80]} ends with {edge_of(entry.host)}: answered near who asks, or not for fleets."
        found.append(("host", problem, "Name a server that stands in one place and may be measured."))
    if not 1 <= entry.port <= 65_535:
        found.append(("port", f"is {entry.port}.", "1 to 65535."))
    if entry.method == "signed" and not _KEY.match(entry.public_key):
        remedy = "64 hex digits in quotes, as `farmwatch landmark key` prints them."
        found.append(("public_key", "is no Ed25519 key, and `signed` needs one.", remedy))
    if entry.method == "tcp" and entry.public_key:
        found.append(("public_key", "is of no use with `tcp`.", "Remove it, or write method: signed."))
    return found
