"""What the parts of `place` hand each other."""

import msgspec


class Landmark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A server whose place is known, and which answers from that one place only.

    landmark        id: "aws:eu-west-1"
    provider        whose network it stands in; two landmarks of one provider are one witness
    place           name for people: "Dublin, IE"
    uncertainty_km  how far from the coordinates it may truly be
    host, port      where it answers a TCP connect
    method          `tcp`, or `signed` for a company's own (schema/landmark.py)
    public_key      `signed` only: Ed25519, 64 hex digits
    own             named by the company, not shipped
    """

    landmark: str
    provider: str
    place: str
    country: str
    latitude: float
    longitude: float
    uncertainty_km: float
    host: str
    port: int = 443
    method: str = "tcp"
    public_key: str = ""
    own: bool = False


class Observation(msgspec.Struct, frozen=True):
    """The least round-trip time to one landmark on one day, milliseconds, after everything that does not count left."""

    landmark: Landmark
    rtt_ms: float
