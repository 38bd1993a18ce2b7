"""Errors of the shared contract.

FarmwatchError          anything farmwatch raises on purpose; str() is fit to be shown
├── CodecError          bytes that are not what they claim; says where and what to do next
├── FormatError         bytes of a device (descriptors, EDID) that are too broken to say anything
└── SignatureError      a request that cannot be trusted; carries the answer's status
"""


class FarmwatchError(Exception):
    """Base of every error that farmwatch raises on purpose."""


class CodecError(FarmwatchError):
    """Bytes that cannot be decoded: `place` is a JSON path, `problem` one sentence, `remedy` the next step."""

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        self.place = place
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{place}: {problem}" + (f" {remedy}" if remedy else ""))


class FormatError(FarmwatchError):
    """A device's bytes from which nothing can be learnt; lesser damage is a `fault` sentence beside the facts."""


class SignatureError(FarmwatchError):
    """A request whose signature does not hold; `status` is one of `report.AnswerStatus`."""

    def __init__(self, status: str, problem: str) -> None:
        self.status = status
        super().__init__(problem)
