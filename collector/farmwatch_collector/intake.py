"""From a request's body to reports that a store may take: unpacking and validation. Pure, never blocks.

A body that is wrong as a whole raises `Refused`; a wrong report is refused alone, with its own answer.
"""

import hashlib
import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from farmwatch_schema.codec import MAX_DEPTH, check_depth, decode_bundle, decode_items, decode_report
from farmwatch_schema.errors import CodecError, FarmwatchError
from farmwatch_schema.observables import KINDS
from farmwatch_schema.report import MAX_REPORTS_PER_REQUEST, Answer, AnswerStatus, Report, Section

from .history import moment
from .settings import Limits
from .store.protocol import Incoming
from .store.protocol_network import Origin

MAX_SECTIONS = 64
MAX_REASON = 2_000
_BUNDLE_LEVELS = 2  # the object and its list of reports, around each report

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_WORD = re.compile(r"[a-z0-9_]{1,64}\Z")
_EPOCH = re.compile(r"[0-9a-f]{32}\Z")


class Refused(FarmwatchError):
    """A request that was refused as a whole: `http` and `status` of the answer; str() names place and remedy."""

    def __init__(self, http: int, status: AnswerStatus, message: str, retry_after_seconds: int = 0) -> None:
        self.http = http
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class _Head(msgspec.Struct):
    """What an answer echoes, of a report that is otherwise wrong."""

    device: str = ""
    epoch: str = ""
    sequence: int = 0


_heads = msgspec.json.Decoder(_Head)


def unpack(body: bytes, limits: Limits) -> bytes:
    """Returns a gzip body unpacked, never holding more than the limits allow. Raises Refused."""
    most = min(limits.unpacked_bytes, max(limits.packed_bytes, limits.ratio * len(body)))
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise Refused(400, "invalid", f"The body is not gzip: {error}. Send the agent's own output.") from error
    if len(data) > most:
        raise Refused(
            413, "too_large", f"The body unpacks to more than {most} bytes. Send fewer reports in one request."
        )
    if not unpacker.eof:
        raise Refused(400, "invalid", "The gzip body ends before its end: it was cut on its way. Send it again.")
    if unpacker.unused_data:
        raise Refused(400, "invalid", f"{len(unpacker.unused_data)} bytes follow the gzip body. Send one stream only.")
    return data


def take_apart(data: bytes) -> Sequence[msgspec.Raw]:
    """Returns the 1 to 64 reports of an unpacked body, each raw. Raises Refused."""
    try:
        reports = decode_bundle(data).reports
    except CodecError as error:
        raise Refused(400, "invalid", str(error)) from error
    if len(reports) > MAX_REPORTS_PER_REQUEST:
        raise Refused(
            413,
            "too_large",
            f"{len(reports)} reports in one request; at most {MAX_REPORTS_PER_REQUEST} are taken. Send them in parts.",
        )
    if not reports:
        raise Refused(400, "invalid", "request $.reports: is empty. Send at least one report.")
    return reports


def validate(
    raw: msgspec.Raw, device: str, received_at: datetime, limits: Limits, origin: Origin | None = None
) -> Incoming | Answer:
    """Returns a report fit to be stored, or the answer that refuses it.

    device  whose signature the request bears
    origin  where the request came from
    """
    try:
        check_depth(raw, "report", MAX_DEPTH - _BUNDLE_LEVELS)
        report = decode_report(raw)
        if report.device != device:
            raise CodecError("report $.device", "is not the device that signed.", "One request holds one device.")
        _check(report)
        created = moment(report.created_at, "report $.created_at")
        if created > received_at + timedelta(seconds=limits.clock_seconds):
            ahead = (created - received_at).total_seconds()
            message = f"report $.created_at: is {ahead:.0f} s ahead of the clock here. Set the laptop's clock."
            return Answer(
                device=report.device,
                epoch=report.epoch,
                sequence=report.sequence,
                status="clock_skew",
                message=message,
            )
    except CodecError as error:
        head = _head(raw)
        return Answer(
            device=head.device, epoch=head.epoch, sequence=head.sequence, status="invalid", message=str(error)
        )
    return Incoming(report, hashlib.sha256(raw).hexdigest(), received_at, origin)


def _check(report: Report) -> None:
    """Raises CodecError when a field has the right type and yet cannot be right."""
    if report.origin != "live":
        raise CodecError("report $.origin", f"is {report.origin!r}.", "Only what a laptop saw live is taken.")
    if not _EPOCH.match(report.epoch):
        raise CodecError("report $.epoch", "is not 32 hex digits.")
    if report.previous and not _HEX_DIGEST.match(report.previous):
        raise CodecError("report $.previous", "is not the SHA-256 of a report, 64 hex digits.")
    if len(report.agent.version) > 64:
        raise CodecError("report $.agent.version", "is longer than 64 characters.")
    if len(report.sections) > MAX_SECTIONS:
        raise CodecError("report $.sections", f"holds {len(report.sections)}; at most {MAX_SECTIONS} are taken.")
    kinds: set[str] = set()
    for index, section in enumerate(report.sections):
        if section.kind in kinds:
            raise CodecError(f"report $.sections[{index}].kind", f"{section.kind!r} comes twice in one report.")
        kinds.add(section.kind)
        _check_section(section, index)


def _check_section(section: Section, index: int) -> None:
    reason, items = section.reason, section.items
    if (
        section.digest
        and items is msgspec.UNSET
        and section.kind in KINDS
        and len(reason) <= MAX_REASON
        and _is_time(section.observed_at)
        and _is_digest(section.digest)
    ):
        return  # the common case: a state that has not changed
    place = f"report $.sections[{index}]"
    if section.kind not in KINDS and not _WORD.match(section.kind):
        raise CodecError(f"{place}.kind", "is not a word of a-z, 0-9 and _ with at most 64 characters.")
    if len(section.reason) > MAX_REASON:
        raise CodecError(f"{place}.reason", f"is longer than {MAX_REASON} characters.")
    if not _is_time(section.observed_at):
        moment(section.observed_at, f"{place}.observed_at")
    if section.digest and not _is_digest(section.digest):
        raise CodecError(f"{place}.digest", "is not a SHA-256, 64 hex digits.")
    if isinstance(section.items, msgspec.Raw):
        if section.digest and hashlib.sha256(section.items).hexdigest() != section.digest:
            raise CodecError(f"{place}.digest", "is not the SHA-256 of the items.", "Send the agent's own output.")
        try:
            decode_items(section.kind, section.items)
        except CodecError as error:
            raise CodecError(f"{place}.items", str(error)) from error
    elif section.outcome == "found" and not section.digest:
        raise CodecError(f"{place}.items", "are missing, and no digest names them, yet the outcome is `found`.")


# What a device says again with every report is looked at once: times of one pass are equal, and so are digests.
@lru_cache(maxsize=4096)
def _is_time(text: str) -> bool:
    try:
        return bool(moment(text, ""))
    except CodecError:
        return False


@lru_cache(maxsize=16384)
def _is_digest(text: str) -> bool:
    return _HEX_DIGEST.match(text) is not None


def _head(raw: msgspec.Raw) -> _Head:
    try:
        head = _heads.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Head()
    return _Head(head.device[:64], head.epoch[:64], head.sequence if abs(head.sequence) < 2**63 else 0)


def utc_text(at: datetime) -> str:
    """Returns a time as the contract writes it: UTC, ISO 8601 to the second."""
    return _second_text(int(at.timestamp()))


@lru_cache(maxsize=64)
def _second_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
