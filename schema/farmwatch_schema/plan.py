"""What a collector asks a laptop to measure: landmarks, how often, how. `POST /v1/plan`, signed like a report.

The request's body is b"{}". The laptop decides: its own settings, its list of allowed landmarks, its battery and its
kind of connection come first.
"""

from typing import Annotated, Literal

import msgspec

from .report import AnswerStatus

PLAN_PATH = "/v1/plan"
MAX_TARGETS = 24


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One landmark to measure.

    landmark    id, repeated in what is measured
    host, port  where it answers; the name is resolved first and only the connect is timed
    method      `tcp`, or `signed` for a landmark of the company's own
    public_key  `signed` only: Ed25519 of the landmark, 64 hex digits
    """

    landmark: Annotated[str, msgspec.Meta(max_length=64)]
    host: Annotated[str, msgspec.Meta(max_length=253)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 443
    method: Literal["tcp", "signed"] = "tcp"
    public_key: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Landmarks of one device for about a day.

    plan            id
    valid_until     UTC, ISO 8601; nothing is measured by a plan that ended
    rounds_per_day  1 to 4, each at a random moment of its part of the day
    connects        per landmark and round; half of them each where it has addresses of both families
    targets         in no order that means anything; control landmarks are not marked
    """

    plan: Annotated[str, msgspec.Meta(max_length=64)]
    valid_until: str
    targets: Annotated[tuple[Target, ...], msgspec.Meta(max_length=MAX_TARGETS)] = ()
    rounds_per_day: Annotated[int, msgspec.Meta(ge=1, le=4)] = 2
    connects: Annotated[int, msgspec.Meta(ge=1, le=10)] = 5


class PlanResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The collector's answer: a plan, or why there is none.

    device  whose plan it is, so that a captive portal's 200 is no answer
    """

    server_time: str
    device: str = ""
    plan: Plan | None = None
    status: AnswerStatus = "accepted"
    message: str = ""
    retry_after_seconds: int = 0
