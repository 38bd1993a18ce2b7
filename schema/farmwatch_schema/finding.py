"""What a detector states about one device, with the evidence it quotes."""

from typing import Literal

import msgspec

Group = Literal["H", "R", "I", "N", "P", "F", "HR", "A"]

#: Groups in the fixed order in which bars and boxes are drawn, with their names.
GROUPS: dict[Group, str] = {
    "H": "hardware control",
    "R": "remote software",
    "I": "input provenance",
    "N": "network and place",
    "P": "physical use",
    "F": "fleet ties",
    "HR": "records",
    "A": "agent integrity",
}


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One quoted fact.

    kind      section it comes from: `usb`, `processes` ...; `fleet`, `policy` or `roster` for the rest
    subject   what it is about, in words a person knows: "USB device 046d:c52b on port 1-4"
    fact      one sentence with the value seen, at most 25 words
    source    where the comparison value comes from (repository, page), "" when there is none
    """

    kind: str
    subject: str
    fact: str
    source: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One detector's statement about one device.

    detector    its id
    group       the evidence group it counts in
    level       row of the detector's level table; 0 means sanctioned or harmless: shown, never counted
    sentence    fact, comparison, innocent reading and next check, as people read it
    evidence    what it quotes, at least one
    subject     tells apart two findings of one detector: a tool's id, a USB port path
    seen_from   when the evidence was first seen, UTC ISO 8601; "" when it was there from the start
    seen_until  when it was last seen, when it is gone; "" while it is there
    sanctioned  name of the policy entry that allows it; "" when none does
    floor       asks for the floor at review (published KVM identity, or a confirmed KVM shape)
    absorbs     ids of detectors whose evidence this one counts already: theirs is shown and weighs nothing beside it
    """

    detector: str
    group: Group
    level: int
    sentence: str
    evidence: tuple[Evidence, ...]
    subject: str = ""
    seen_from: str = ""
    seen_until: str = ""
    sanctioned: str = ""
    floor: bool = False
    absorbs: tuple[str, ...] = ()
