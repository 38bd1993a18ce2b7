"""Round-trip times to known places: what the sender measured. A sample, never a state.

Times are milliseconds rounded to 0.1. Nothing here is about the laptop's user: no address of the laptop, its network
or its name servers is told, only that of the landmarks, which are servers.
"""

from .base import Kind, Observable


class RoundTrips(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="round_trips"):
    """One landmark, measured in one round, by one method and address family.

    landmark       id in the plan
    method         `tcp` (time of connect alone), `icmp` (echo), `signed` (UDP, signed by the landmark)
    family         `ipv4` or `ipv6`
    address        where the name led: the landmark's public address, so that a name led elsewhere can be told
    count          answers that count; those taken while the laptop itself was slow are in `dropped` of the round
    lost           tries without an answer
    min_ms, median_ms, max_ms  of the answers that count; null when there is none
    first_byte_ms  `tcp` only: least time from a TLS hello to the first byte of its answer; null when not asked.
                   Far more than `min_ms`: something near answers the connect in the landmark's place
    mss            of the TCP connection, bytes; 0 when not known
    ttl            of the answer as it arrived (`icmp`, `signed`), hops left; null when not known
    ttl_seen       `signed` only: TTL with which the question arrived at the landmark, by its signed word
    access         kind of the interface by which these connects or echoes left, where that is another one than the
                   round's `access`; `tunnel` as soon as one of them went into a tunnel. "": the round's, or not known
    problem        `refused`, `no_name`, `not_allowed` (not on this laptop's list), `forged` (a signature that is
                   not the landmark's), `unreachable`; "" when all is well
    """

    landmark: str
    method: str
    family: str
    address: str = ""
    count: int = 0
    lost: int = 0
    min_ms: float | None = None
    median_ms: float | None = None
    max_ms: float | None = None
    first_byte_ms: float | None = None
    mss: int = 0
    ttl: int | None = None
    ttl_seen: int | None = None
    access: str = ""
    problem: str = ""


class MeasuringRound(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="measuring_round"):
    """What one round of measuring was like, or why there was none.

    plan        id of the plan that was followed
    began_at    UTC, ISO 8601 to the second
    seconds     how long it took
    skipped     why nothing was measured: `battery_saver`, `metered`, `captive`, `no_network`; "" when it was
    access      kind of the interface that the first connect or signed question left by: `ethernet`, `wifi`, `mobile`,
                `tunnel`, `virtual`, `other`; "" when not known. What left by another kind says so itself
    gateway_ms  least round-trip time to the default gateway; null when it does not answer
    control_ms  median time of connects to this machine itself
    dropped     answers that do not count, because the connect to this machine beside them took over 1 ms
    connects    TCP connects made, all told
    bytes       sent and received, about
    path_mtu    least path MTU that the system knows towards a landmark; 0 when not known
    """

    plan: str
    began_at: str
    seconds: int = 0
    skipped: str = ""
    access: str = ""
    gateway_ms: float | None = None
    control_ms: float | None = None
    dropped: int = 0
    connects: int = 0
    bytes: int = 0
    path_mtu: int = 0


KIND = Kind("latency", "sample", (RoundTrips, MeasuringRound))
