"""The only place that turns the contract's types into JSON and back.

Every decoding error is a `CodecError` that names the offending field. An observable of a type that this
version does not know is kept as `UnknownObservable`, never rejected: agents and collectors are upgraded
at different times.
"""

import hashlib
from functools import cache, reduce
from typing import Any, TypeVar

import msgspec

from .errors import CodecError
from .observables import KINDS, OBSERVABLES, Observable, UnknownObservable
from .report import SCHEMA_VERSION, Bundle, EnrolRequest, EnrolResponse, Report, Response

T = TypeVar("T")

MAX_DEPTH = 20
MAX_ITEMS = 5_000

_decoders: dict[Any, "msgspec.json.Decoder[Any]"] = {}


class _Tag(msgspec.Struct):
    type: str


def digest_of(data: bytes | memoryview | msgspec.Raw) -> str:
    """Returns the SHA-256 of bytes as 64 hex digits: of a report's bytes or of a section's items."""
    return hashlib.sha256(data).hexdigest()


def encode(value: Any) -> bytes:
    """Returns the JSON bytes of a contract type whose identifiers are keyed already."""
    return msgspec.json.encode(value)


def decode(data: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """Returns `data` decoded as `kind`; raises CodecError naming the field. `what` names the document."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(data)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `")
        raise CodecError(
            f"{what} {path.rstrip('`') or '$'}", problem + ".", "Compare it with docs/report.md."
        ) from error
    except UnicodeDecodeError as error:
        raise CodecError(what, f"is not valid UTF-8: {error}.", "Send the agent's own output unchanged.") from error
    except msgspec.DecodeError as error:
        raise CodecError(what, f"is not valid JSON: {error}.", "Send the agent's own output unchanged.") from error
    except RecursionError as error:
        raise CodecError(what, "is nested too deeply.", f"At most {MAX_DEPTH} levels are taken.") from error


def check_depth(data: bytes | msgspec.Raw, what: str, limit: int = MAX_DEPTH) -> None:
    """Raises CodecError when brackets in `data` nest deeper than `limit`, strings left aside.

    What is not valid JSON may pass: decoding refuses it. A few microseconds for 2 KB, because ingest asks of
    every report: all that is no bracket and no quote goes first, and each pass then takes the innermost pairs.
    """
    plain = bytes(data)
    if b"\\" in plain:
        plain = plain.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Two quotes side by side change nothing of what is inside a string and what is not.
    marks = plain.translate(None, _PLAIN).replace(b'""', b"")
    if b'"' in marks:
        marks = b"".join(marks.split(b'"')[::2])
    pairs = marks.translate(_PAIRS)
    for _ in range(limit):
        if not pairs:
            return
        pairs = pairs.replace(b"()", b"")
    if b"()" in pairs or pairs.count(b"(") > limit:
        raise CodecError(what, "is nested too deeply.", f"At most {limit} levels are taken.")


_PLAIN = bytes(byte for byte in range(256) if byte not in b'"[]{}')
_PAIRS = bytes.maketrans(b"[]{}", b"()()")


def decode_bundle(data: bytes) -> Bundle:
    """Returns the request body's reports, each still raw."""
    return decode(data, Bundle, "request")


def decode_report(data: bytes | msgspec.Raw) -> Report:
    """Returns a report whose sections' items are still raw.

    Raises CodecError for a field of the wrong type or range, and for a newer schema than this one.
    """
    report = decode(data, Report, "report")
    if report.schema > SCHEMA_VERSION:
        raise CodecError(
            "report $.schema",
            f"is version {report.schema}, this program knows {SCHEMA_VERSION}.",
            "Upgrade the collector before the agents.",
        )
    if not (1 <= report.sequence < 2**63):
        raise CodecError("report $.sequence", f"is {report.sequence}, it counts from 1.")
    for name, text, limit in (("device", report.device, 64), ("epoch", report.epoch, 64)):
        if not 1 <= len(text) <= limit:
            raise CodecError(f"report $.{name}", f"has {len(text)} characters, 1 to {limit} are taken.")
    return report


@cache
def _known_items() -> "msgspec.json.Decoder[list[Observable]]":
    """Every known observable at once: a tenth of the time, and almost every section holds nothing else."""
    types: list[Any] = list(OBSERVABLES.values())
    anything: Any = reduce(lambda one, other: one | other, types)
    return msgspec.json.Decoder(list[anything])


def decode_items(kind: str, items: msgspec.Raw | bytes) -> list[Observable]:
    """Returns a section's observables; one of an unknown type becomes an `UnknownObservable`.

    Raises CodecError naming kind, position and field when a known type does not fit.
    """
    if kind in KINDS:
        try:
            known = _known_items().decode(items)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # something is unknown or wrong: one by one, to keep the one and to name the other
        else:
            if len(known) <= MAX_ITEMS:
                return known
    raws = decode(items, list[msgspec.Raw], f"section {kind} items")
    if len(raws) > MAX_ITEMS:
        raise CodecError(f"section {kind} items", f"holds {len(raws)} observables, {MAX_ITEMS} are taken.")
    decoded: list[Observable] = []
    for index, raw in enumerate(raws):
        place = f"section {kind} items[{index}]"
        tag = decode(raw, _Tag, place).type
        observable = OBSERVABLES.get(tag) if kind in KINDS else None
        if observable is None:
            decoded.append(UnknownObservable(name=tag, raw=bytes(raw)))
        else:
            decoded.append(decode(raw, observable, place))
    return decoded


def decode_response(data: bytes) -> Response:
    """Returns the collector's answer to a request."""
    return decode(data, Response, "response")


def decode_enrol_request(data: bytes) -> EnrolRequest:
    """Returns what an agent asks at enrolment."""
    return decode(data, EnrolRequest, "enrolment request")


def decode_enrol_response(data: bytes) -> EnrolResponse:
    """Returns the identity that an agent was given."""
    return decode(data, EnrolResponse, "enrolment response")
