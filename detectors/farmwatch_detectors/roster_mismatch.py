"""States that a person's records make one ask, beside other evidence; alone they never count.

Detects
    Questions that the import raised (docs/roster.md), and a laptop that was first seen elsewhere than it was sent.
    What has one common cause is one: the way of the laptop, the phone, what people share, the dates. Level 1: one of
    them. Level 2: two or more. A phone number from abroad is told and weighs nothing: level 0.
Why
    Who works under a borrowed identity has papers that were made for it, and a laptop sent to somebody else's house.
Innocent explanations
    A move, parents or a parcel shop that take a laptop in, a couple with one account or line whose household nobody
    wrote down, a slip of a key. People keep the phone number of where they come from.
Blind spots
    What HR does not ask for or the file leaves out; papers that are in order. Names, languages and origins are not
    even read. Where nobody gave a place of delivery, or only carriers' addresses are known, nothing is compared.
Triage
    HR asks the person, and writes the kind into the roster's column `answered`; nobody decides on this alone.
References
    T1078 Valid Accounts; Secureworks on address changes before shipping, FBI PSA I-012325; docs/roster.md.
"""

from farmwatch_schema.finding import Evidence

from .arrival import first_seen_elsewhere
from .detector import Detector, Findings, quote
from .view import DeviceView

FIRST_SEEN = "first_seen"
#: What has a common cause counts once: a move changes the address, the way of the laptop and where it is first seen.
CAUSES = {
    "address_change": "way",
    "shipped_elsewhere": "way",
    FIRST_SEEN: "way",
    "phone_shape": "phone",
    "shared_bank_account": "shared",
    "shared_phone": "shared",
    "shared_address": "shared",
    "dates_contradict": "dates",
}


def detect(device: DeviceView) -> Findings:
    """Yields one finding for all that the records make one ask."""
    placing, roster = device.placing, device.roster
    if roster is None:
        return
    asked = [(each.kind, each.question) for each in roster.questions]
    elsewhere = "" if device.allowed(claim=True) else first_seen_elsewhere(device)
    source = "round-trip times" if placing and "round-trip" in elsewhere else "addresses of its reports"
    if elsewhere:
        asked.append((FIRST_SEEN, f"It was first seen {elsewhere}, and not where it was sent. Who set it up?"))
    if asked:
        causes = {CAUSES[kind] for kind, _ in asked if kind in CAUSES}
        yield DETECTOR.finding(min(len(causes), 2), _sentence(asked, causes), _quotes(asked, source), "records")
    elif any(each.detector == DETECTOR.id and each.level for each in device.levels):
        # An answer ends a question at once: it is no evidence that went away, and does not fade.
        answer = quote("roster", "questions", "None is open.", "roster")
        yield DETECTOR.finding(0, "What the records made one ask has been answered or put right.", [answer], "records")


def _sentence(asked: list[tuple[str, str]], causes: set[str]) -> str:
    if not causes:
        return "The phone number is another country's than the place of work. People keep theirs: it counts nothing."
    count = "one question" if len(asked) == 1 else f"{len(asked)} questions"
    return (
        f"The records make one ask {count}; alone that counts nothing. {asked[0][1]} Could it be a move, a family or a "
        "slip of a key? Check: let HR ask the person."
    )


def _quotes(asked: list[tuple[str, str]], source: str) -> list[Evidence]:
    return [quote("roster", kind, question, source if kind == FIRST_SEEN else "roster") for kind, question in asked]


DETECTOR = Detector(
    id="roster_mismatch",
    group="HR",
    title="Records that do not fit together",
    attack=("T1078",),
    consumes=("latency",),
    detect=detect,
)
