"""States that somebody connects from one place to laptops of people who have nothing to do with each other.

Detects
    One address that inbound connections or remote sessions of unrelated devices come from. Level 1: two to four, or
    what nobody measured. Level 2: five or more, where the fleet measures it as rare (4 bits). A remote tool that the
    policy allows here keeps it at level 1.
Why
    One operator drives several laptops, by remote desktop or a tool, from where he is. Group F and not R: the session
    counts in R once; that the same stranger visits others is the fleet's to know, and lasts when tools change.
Innocent explanations
    The help desk, a jump host, a scanner of the security team: they visit hundreds, and lose their weight by
    measurement; a person with two laptops; an exit that a carrier shares among many.
Blind spots
    Tools that go through their maker's relays show the relay, which everybody shares; IP-KVMs show nobody at all.
    Peers in private networks are not compared: 192.168.1.20 is in every home.
Triage
    Whose address is it? Ask IT first. Compare the hours in which the sessions ran.
References
    T1021 Remote Services, T1219 Remote Access Tools; docs/evasions.md.
"""

from . import shared_values
from .detector import Detector, Findings, quote
from .view import DeviceView

TIES = ("remote_peer",)
_MANY = 5


def detect(device: DeviceView) -> Findings:
    """Yields one finding per address."""
    tools = [each.tool for each in device.policy.sanctions if each.tool]
    helped = next((it for tool in tools if (it := device.allowed(tool=tool))), None)
    for tie in device.ties:
        if tie.kind not in TIES or not tie.others:
            continue
        enough = tie.others + 1 >= _MANY and shared_values.most(tie, unmeasured=1) == 3 and helped is None
        level = min(2 if enough else 1, shared_values.most(tie, unmeasured=1))
        if level:
            innocent = f"the help desk ({helped.words})" if helped else "the help desk, or a jump host of IT's"
            sentence = (
                f"Somebody connects from one address to this laptop and to {shared_values.others(tie.others)} to its "
                f"user; {tie.size:,} of {tie.fleet:,} devices were visited from there{shared_values.compared(tie)}. "
                f"Could it be {innocent}? Check: ask IT whose address it is."
            )
            quotes = (quote("fleet", f"peer {tie.value[:8]}", shared_values.holders(tie)),)
            yield DETECTOR.finding(level, sentence, quotes, tie.value, since=shared_values.since(tie))


DETECTOR = Detector(
    id="shared_peer",
    group="F",
    title="One stranger connects to unrelated devices",
    attack=("T1021", "T1219"),
    consumes=("sockets", "sessions"),
    detect=detect,
)
