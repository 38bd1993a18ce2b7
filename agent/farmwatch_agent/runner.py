"""Runs probes through `Host` and makes sections and reports of what they see."""

import hashlib
import sys
from collections.abc import Callable, Iterable

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer, Unkeyed
from farmwatch_schema.observables import KINDS, Gap, Observable, bucket
from farmwatch_schema.report import Agent, Outcome, Report, Section

from . import __version__, limits, probes
from .health import Health, stamp
from .host import Host, HostError, Missing, NotPermitted, NotSupported
from .limits import Limit, LimitBroken, Watch, limited
from .numbering import Numbering
from .probe import Collect, collect_function

#: A learnt clock offset from here on corrects a report's times; below, the laptop's clock is good enough.
CORRECTED_FROM_SECONDS = 300.0

Log = Callable[[str], None]


def run(host: Host, keyer: Keyer, health: Health, names: Iterable[str] = probes.NAMES, limit: Limit | None = None,
        log: Log | None = None) -> list[Section]:  # fmt: skip
    """Returns one section per named probe, all in full.

    A probe that breaks its limit three times in 24 hours is stopped for as long, and `health` tells so.
    """
    encoder = msgspec.json.Encoder(enc_hook=keyer.hook)
    return [
        _section(host, encoder, health, name, limit or limits.usual(host.platform), log or _to_stderr) for name in names
    ]


def build(host: Host, numbering: Numbering, sections: list[Section], clock_offset: float | None = None) -> Report:
    """Returns the numbered report of sections; a state whose digest did not change comes without its items."""
    correction = _correction(clock_offset)
    return Report(
        device=numbering.device,
        epoch=numbering.epoch,
        sequence=numbering.sequence,
        boot=boot_of(host),
        created_at=stamp(host.now() + correction),
        uptime_seconds=_uptime(host),
        agent=Agent(version=__version__, platform=host.platform),
        sections=[_without_known(section, numbering.digests) for section in sections],
        previous=numbering.previous,
        origin="replay" if host.origin == "replay" else "root" if host.origin == "root" else "live",
    )


def boot_of(host: Host) -> str:
    """Returns 16 hex digits that are new with each boot; "" where the host does not tell."""
    try:
        return hashlib.sha256(host.boot_id().encode()).hexdigest()[:16]
    except HostError:
        return ""


def _correction(clock_offset: float | None) -> float:
    return clock_offset if clock_offset is not None and abs(clock_offset) >= CORRECTED_FROM_SECONDS else 0.0


def _section(host: Host, encoder: msgspec.json.Encoder, health: Health, name: str, limit: Limit, log: Log) -> Section:
    now = host.now()
    observed_at = stamp(now + _correction(health.clock_offset))
    stop = health.stop_of(name, now)
    if stop is not None:
        reason = f"stopped until {stamp(stop.until)}, because it {stop.reason} three times"
        return Section(kind=name, outcome="broken", observed_at=observed_at, reason=reason)
    seen: list[Observable] = []
    outcome: Outcome = "none"
    reason = ""
    try:
        collect = _collect_of(name, host.platform)
        with limited(_limit_of(name, limit)) as watch:
            _drain(collect, host, seen, watch)
    except Missing:
        pass
    except NotPermitted as error:
        outcome, reason = "not_permitted", str(error)
    except NotSupported as error:
        outcome, reason = "not_supported", str(error)
    except HostError as error:
        outcome, reason = "broken", str(error)
    except LimitBroken as error:
        outcome, reason = "broken", str(error)
        if health.killed(name, reason, now):
            reason += "; stopped for 24 hours, because this was the third time"
    except Exception as error:
        import traceback  # noqa: PLC0415 (only where something is broken)

        outcome, reason = "broken", f"{type(error).__name__} in probe {name}; the traceback is in the agent's log"
        log(f"probe {name} failed:\n{traceback.format_exc()}")
    try:
        return _judged(encoder, name, observed_at, outcome, reason, seen)
    except (TypeError, ValueError, NotImplementedError, RecursionError) as error:
        # What cannot be encoded is a fault of this probe alone, and no other section may suffer for it.
        log(f"probe {name} yielded what no report can hold: {error}")
        reason = f"probe {name} yielded what no report can hold; the agent's log says what"
        return Section(kind=name, outcome="broken", observed_at=observed_at, reason=reason)


def _collect_of(name: str, platform: str) -> Collect:
    try:
        collect = collect_function(probes.load(name), platform)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith(f"{probes.__name__}.{name}"):
            raise
        collect = None
    if collect is None:
        raise NotSupported(f"this version has no probe {name} for {platform}")
    return collect


def _limit_of(name: str, limit: Limit) -> Limit:
    """Returns the limit of one probe, which may have been given more time than others."""
    probe = probes.load(name)
    return Limit(
        wall_seconds=max(limit.wall_seconds, probe.wall_seconds), cpu_seconds=max(limit.cpu_seconds, probe.cpu_seconds)
    )


def _drain(collect: Collect, host: Host, seen: list[Observable], watch: Watch) -> None:
    for observable in collect(host):
        seen.append(observable)
        watch.check()


def _judged(encoder: msgspec.json.Encoder, name: str, observed_at: str, outcome: Outcome, reason: str,
            seen: list[Observable]) -> Section:  # fmt: skip
    """Returns the section of what was seen until the probe ended with `outcome`."""
    reason = str(_as_text(reason))
    gaps = [observable for observable in seen if isinstance(observable, Gap)]
    facts = len(seen) - len(gaps)
    if outcome in ("not_permitted", "not_supported", "broken"):
        if facts:
            # What was seen before the error is evidence; the rest must not look clean.
            seen.append(Gap(what=f"the rest of {name}", outcome=outcome))
            outcome = "found"
    elif facts:
        outcome = "found"
        reason = "; ".join(f"not seen: {gap.what}" for gap in gaps[:3])
    elif gaps:
        outcome = gaps[0].outcome
        reason = "; ".join(f"not seen: {gap.what}" for gap in gaps[:3])
    if not seen:
        return Section(kind=name, outcome=outcome, observed_at=observed_at, reason=reason)
    parts = sorted({_encoded(encoder, observable) for observable in seen})
    if len(parts) > codec.MAX_ITEMS:
        rest = Gap(
            what=f"more than {codec.MAX_ITEMS} observables",
            outcome="not_supported",
            count=bucket(len(parts) - codec.MAX_ITEMS + 1),
        )
        parts = sorted([*parts[: codec.MAX_ITEMS - 1], encoder.encode(rest)])
        reason = reason or f"not seen: {rest.what}"
    items = b"[" + b",".join(parts) + b"]"
    return Section(
        kind=name,
        outcome=outcome,
        observed_at=observed_at,
        reason=reason,
        digest="" if is_sample(name) else codec.digest_of(items),
        items=msgspec.Raw(items),
    )


def is_sample(name: str) -> bool:
    """Whether a kind's items are measurements: always sent, and never addressed by a digest."""
    kind = KINDS.get(name)
    return kind is not None and kind.cadence == "sample"


def _encoded(encoder: msgspec.json.Encoder, observable: Observable) -> bytes:
    try:
        return encoder.encode(observable)
    except UnicodeEncodeError:
        # A file name may hold bytes that are no text. One such program must not hide all others.
        return encoder.encode(_as_text(observable))


def _as_text(value: object) -> object:
    """Returns a value in which text that cannot be encoded has U+FFFD for what is no text."""
    if isinstance(value, str):
        try:
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return tuple(map(_as_text, value))
    if isinstance(value, Unkeyed):
        return Unkeyed(value.kind, str(_as_text(value.text)))
    if isinstance(value, msgspec.Struct):
        return type(value)(**{name: _as_text(getattr(value, name)) for name in value.__struct_fields__})
    return value


def _without_known(section: Section, digests: dict[str, str]) -> Section:
    kind = KINDS.get(section.kind)
    if section.digest and kind is not None and kind.cadence == "state" and digests.get(section.kind) == section.digest:
        return msgspec.structs.replace(section, items=msgspec.UNSET)
    return section


def _uptime(host: Host) -> int:
    try:
        return int(host.uptime())
    except HostError:
        return 0


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"farmwatch-agent: {text}\n")
