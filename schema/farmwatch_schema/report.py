"""The report: what one laptop saw at one time, and the collector's answer to it. Schema version 1.

docs/report.md describes the format for people; docs/schema/report-v1.json is made from these types.
"""

from typing import Literal

import msgspec

SCHEMA_VERSION = 1

#: Media type of a request. Proxies leave an unknown type alone, which content-encoding: gzip would not survive.
MEDIA_TYPE = "application/vnd.farmwatch+gzip"

Outcome = Literal["found", "none", "not_permitted", "not_supported", "broken"]
"""found: looked and saw something. none: looked, nothing there. The other three could not look, and
are never merged: rights are missing; this system has no such thing; the source failed."""

LOOKED: frozenset[str] = frozenset({"found", "none"})

Origin = Literal["live", "replay", "root"]
"""Where a report comes from. Only `live` ones are signed and accepted."""

MAX_REPORTS_PER_REQUEST = 64


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """The program that made the report: its version and `linux`, `macos` or `windows`."""

    version: str
    platform: str


class Section(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One probe's outcome and observables at one time.

    kind         the probe's kind, see `observables.KINDS`
    outcome      see `Outcome`
    observed_at  UTC, ISO 8601 to the second; outside the digest
    reason       one sentence when the outcome is not `found` or `none`, or when it is partial; else ""
    digest       SHA-256 of the bytes of `items`, 64 hex digits; "" when there are no items by nature
    items        JSON array of observables, kept raw. A state leaves it out when the digest equals that
                 kind's digest in the preceding report of the epoch; a sample never does.
    """

    kind: str
    outcome: Outcome
    observed_at: str
    reason: str = ""
    digest: str = ""
    items: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A numbered report of one device.

    device          identity given at enrolment (1 to 64 characters of a-z 0-9 and -)
    epoch           new at enrolment and when a spool had to be reset, 32 hex digits
    sequence        from 1, strictly rising within an epoch; (device, epoch, sequence) is unique
    boot            digest of the operating system's boot id, 16 hex digits
    created_at      UTC, ISO 8601 to the second, by the laptop's clock; with the learnt offset when that is 5 minutes
                    or more, which the `agent` section tells
    uptime_seconds  since boot, by the monotonic clock
    previous        SHA-256 of the bytes of the report before in this epoch; "" for the first
    agent           what made it
    sections        one per probe that ran
    origin          `live`, or what it was replayed from; others than live are refused by ingest
    schema          version of this contract
    """

    device: str
    epoch: str
    sequence: int
    boot: str
    created_at: str
    uptime_seconds: int
    agent: Agent
    sections: list[Section]
    previous: str = ""
    origin: Origin = "live"
    schema: int = SCHEMA_VERSION


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A request's body before packing: 1 to 64 reports, oldest first, each kept raw for its digest."""

    reports: list[msgspec.Raw]


AnswerStatus = Literal[
    "accepted",
    "duplicate",
    "invalid",
    "clock_skew",
    "unknown_device",
    "revoked",
    "bad_signature",
    "forked",
    "too_large",
    "throttled",
]


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """Content that the collector lacks: a state's digest that was named but never sent."""

    kind: str
    digest: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one report, echoing its number: a captive portal's 200 is no acknowledgement.

    message  one sentence with place and remedy when the status is not `accepted` or `duplicate`
    need     states to send again in full with the next report
    """

    device: str
    epoch: str
    sequence: int
    status: AnswerStatus
    message: str = ""
    need: list[Need] = []


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The collector's answer to one request.

    server_time   UTC, ISO 8601 to the second: lets an agent learn its clock's offset
    answers       one per report in the request's order; when the request as a whole was refused, empty
    status        of the request as a whole; `accepted` when it was taken apart into answers
    message       one sentence when the request as a whole was refused
    retry_after_seconds  earliest next attempt when throttled
    """

    server_time: str
    answers: list[Answer] = []
    status: AnswerStatus = "accepted"
    message: str = ""
    retry_after_seconds: int = 0


class EnrolRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sent once with a token: the new device's public key and what it is. JSON, not packed.

    token       as given by the company; never logged, never in an address
    public_key  Ed25519, 64 hex digits; the private half never leaves the laptop
    platform    `linux`, `macos` or `windows`
    name        host name, for the console's list
    """

    token: str
    public_key: str
    platform: str
    name: str = ""
    version: str = ""


class EnrolResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The identity given: device id, the company's identifier key (64 hex digits) and its id."""

    device: str
    identifier_key: str
    key_id: str
    server_time: str
