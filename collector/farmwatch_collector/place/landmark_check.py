"""Whether landmarks can be what they are said to be: by the gazetteer, and tried from this machine."""

import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from farmwatch_detectors.policy import Claim
from farmwatch_schema.landmark import ANSWER_BYTES, echo_of, question

from .gazetteer import Gazetteer
from .geocoding import Geocoder, PlaceError
from .geometry import KM_PER_MS, km_between
from .landmarks import edge_of
from .provider_networks import NETWORKS
from .types import Landmark

#: Where to connect, as the system's resolver gives it.
Target = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]

#: A landmark farther than this from every known city of its country is in the sea, or abroad.
FAR_FROM_CITIES_KM = 150.0
#: More uncertain ones tell next to nothing within a continent.
UNCERTAIN_KM = 200.0
FEWEST, FEWEST_PROVIDERS = 12, 3
#: Tries per landmark: it is somebody else's server.
MOST_TRIES = 3
SECONDS, PAUSE_SECONDS = 3.0, 0.2


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a landmark that should be looked at.

    landmark  id; "" when it is about all together
    grave     it must not be used so; otherwise a warning
    """

    landmark: str
    problem: str
    remedy: str
    grave: bool = False


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One landmark, tried from this machine.

    address   where its name led; "" when nowhere
    asn       number of that address's network; 0 without data
    least_ms  of the tries that were answered; None when none was
    problem   `no_name`, `no_answer`, `refused`, `unsigned`, `too_fast`, `other_network`, `shared_address`; "" when well
    words     the same for people
    """

    landmark: str
    address: str = ""
    asn: int = 0
    least_ms: float | None = None
    problem: Literal[
        "", "no_name", "no_answer", "refused", "unsigned", "too_fast", "other_network", "shared_address"
    ] = ""
    words: str = ""


def check(landmarks: Mapping[str, Landmark], cities: Gazetteer, places: Geocoder) -> list[Fault]:
    """Returns what is wrong with landmarks, without asking any of them."""
    found: list[Fault] = []
    hosts: dict[tuple[str, int], str] = {}
    countries = np.array([city.country for city in cities.cities])
    for name, one in sorted(landmarks.items()):
        twin = hosts.setdefault((one.host, one.port), name)
        if twin != name:
            problem = f"{one.host} port {one.port} is {twin}, too."
            found.append(Fault(landmark=name, problem=problem, remedy="One server is one witness.", grave=True))
        if edge_of(one.host):
            problem = f"{one.host} is answered near who asks, or is not for fleets."
            found.append(Fault(landmark=name, problem=problem, remedy="Leave it out.", grave=True))
        found += _where(one, cities, countries)
        if one.own:
            found += _named(one, places)
        if one.uncertainty_km > UNCERTAIN_KM:
            problem = f"its place is uncertain by {one.uncertainty_km:g} km."
            found.append(Fault(landmark=name, problem=problem, remedy="It tells little; find out where it stands."))
    providers = {one.provider for one in landmarks.values()}
    if len(landmarks) < FEWEST or len(providers) < FEWEST_PROVIDERS:
        problem = f"{len(landmarks)} landmarks of {len(providers)} providers are few."
        remedy = f"{FEWEST} of {FEWEST_PROVIDERS} providers are the least that a verdict asks for: allow more."
        found.append(Fault(landmark="", problem=problem, remedy=remedy))
    return found


def _where(one: Landmark, cities: Gazetteer, countries: "np.ndarray[tuple[int], np.dtype[np.str_]]") -> Iterator[Fault]:
    here = countries == one.country
    if not here.any():
        remedy = "Write the ISO code, like GB or DE."
        yield Fault(landmark=one.landmark, problem=f"no country is {one.country}.", remedy=remedy, grave=True)
        return
    away = float(km_between(one.latitude, one.longitude, cities.latitude[here], cities.longitude[here]).min())
    if away > FAR_FROM_CITIES_KM + one.uncertainty_km:
        problem = f"its coordinates lie {away:,.0f} km from every city of {one.country}."
        remedy = "Look for swapped or missing signs: south and west are negative."
        yield Fault(landmark=one.landmark, problem=problem, remedy=remedy, grave=True)


def _named(one: Landmark, places: Geocoder) -> Iterator[Fault]:
    try:
        named = places.claim(one.place)
    except PlaceError:
        return  # a campus or a street: the coordinates stand for themselves
    away = float(km_between(one.latitude, one.longitude, named.latitude, named.longitude))
    if away > named.radius_km + one.uncertainty_km:
        problem = f"its coordinates lie {away:,.0f} km from {named.place}, which it names."
        yield Fault(landmark=one.landmark, problem=problem, remedy="Correct one of them.", grave=True)


def try_all(
    landmarks: Sequence[Landmark],
    here: Claim | None,
    network_of: Callable[[str], int] = lambda _: 0,
    tries: int = MOST_TRIES,
    seconds: float = SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Tried]:
    """Yields each landmark as it answers this machine: one at a time, a few tries each, a pause between.

    here        where this machine stands; None: light's bound is not asked
    network_of  number of an address's network, 0 when not known
    """
    seen: dict[str, str] = {}
    for one in landmarks:
        tried = _try(one, here, network_of, min(max(1, tries), MOST_TRIES), seconds, pause)
        if tried.address and not tried.problem:
            twin = seen.setdefault(f"{tried.address} {one.port}", one.landmark)
            if twin != one.landmark:
                words = f"leads to {tried.address}, where {twin} leads, too: one server, or a name of many places."
                tried = msgspec.structs.replace(tried, problem="shared_address", words=words)
        yield tried


def _try(
    one: Landmark,
    here: Claim | None,
    network_of: Callable[[str], int],
    tries: int,
    seconds: float,
    pause: Callable[[float], None],
) -> Tried:
    kind = socket.SOCK_DGRAM if one.method == "signed" else socket.SOCK_STREAM
    try:
        family, _, _, _, target = socket.getaddrinfo(one.host, one.port, type=kind)[0]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Tried(landmark=one.landmark, problem="no_name", words=f"{one.host} leads nowhere: {reason}.")
    address = str(target[0])
    asn = network_of(address)
    times: list[float] = []
    problem: Literal["no_answer", "refused", "unsigned"] = "no_answer"
    for number in range(tries):
        if number:
            pause(PAUSE_SECONDS)
        try:
            took = _ask(one, family, target, seconds) if one.method == "signed" else _connect(family, target, seconds)
        except ConnectionRefusedError:
            problem = "refused"
        except _UnsignedError:
            problem = "unsigned"
        except OSError:
            problem = "no_answer"
        else:
            times.append(took)
    if not times:
        return Tried(landmark=one.landmark, address=address, asn=asn, problem=problem, words=_NOT_ANSWERED[problem])
    least = min(times)
    tried = Tried(landmark=one.landmark, address=address, asn=asn, least_ms=round(least, 2))
    words = _too_fast(one, here, least)
    if words:
        return msgspec.structs.replace(tried, problem="too_fast", words=words)
    expected = frozenset() if one.own else NETWORKS.get(one.provider, frozenset())
    if asn and expected and asn not in expected:
        words = f"{address} belongs to network AS{asn}, not to {one.provider}: something else answers."
        return msgspec.structs.replace(tried, problem="other_network", words=words)
    return tried


_NOT_ANSWERED = {
    "no_answer": "does not answer.",
    "refused": "refuses the connection.",
    "unsigned": "answers, and not with the signature of the key in the file.",
}


class _UnsignedError(Exception):
    """What came is not signed by the landmark."""


def _connect(family: int, target: Target, seconds: float) -> float:
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(seconds)
        began = time.perf_counter()
        one.connect(target)
        return (time.perf_counter() - began) * 1_000


def _ask(landmark: Landmark, family: int, target: Target, seconds: float) -> float:
    nonce = secrets.token_bytes(16)
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.settimeout(seconds)
        one.connect(target)
        began = time.perf_counter()
        one.send(question(nonce))
        data = one.recv(ANSWER_BYTES + 1)
        took = (time.perf_counter() - began) * 1_000
    if echo_of(data, nonce, bytes.fromhex(landmark.public_key)) is None:
        raise _UnsignedError
    return took


def _too_fast(one: Landmark, here: Claim | None, ms: float) -> str:
    if here is None:
        return ""
    away = float(km_between(here.latitude, here.longitude, one.latitude, one.longitude))
    most = KM_PER_MS * ms + one.uncertainty_km + here.radius_km
    if away <= most:
        return ""
    return (
        f"answers in {ms:.1f} ms, so it stands at most {most:,.0f} km from {here.place}; {one.place} is {away:,.0f} km "
        "away: an edge, a moved server, or something here that answers for it."
    )
