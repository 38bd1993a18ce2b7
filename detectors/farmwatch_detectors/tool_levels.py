"""How much a remote tool's conduct says: which level of `remote_access_tool`, and what it does, in words."""

from .hardware import quoted
from .products import RemoteTool
from .programs import Recognised, surely, words_of_facts

#: What a flag of the agent's list says about a remote tool, in words.
_PREPARED = {
    "unattended_setup": "is prepared for access without anybody at the laptop",
    "vnc_reverse": "calls out to a waiting viewer",
    "remote_session_window": "has somebody connected right now",
}

#: Level 4: reports on farms name it, or it is of the same kind (the catalogue says who judged so). What managed-service
#: providers put on whole companies is left out, unless its user can host it alone.
_NAMED = ("farm-reported", "farm-plausible")
_WIDESPREAD, _SELF_HOSTED = "msp", "self-hosted"


def level_of(found: Recognised[RemoteTool], forwarder: str) -> tuple[int, str]:
    """Returns level and what it does, in words; level 0 when there is nothing to say."""
    level, what = _conduct(found, forwarder)
    return (max(level, 4) if level > 1 and _is_named(found.product) else level), what


def _is_named(tool: RemoteTool) -> bool:
    common = _WIDESPREAD in tool.tags and _SELF_HOSTED not in tool.tags
    return not common and any(tag in tool.tags for tag in _NAMED)


def _conduct(found: Recognised[RemoteTool], forwarder: str) -> tuple[int, str]:
    if found.disguised:
        process = found.disguised[0]
        facts = next(match.facts for program, match in found.programs if program == process)
        return 5, f"runs under another name, {quoted(process.name)} ({words_of_facts(facts, 2)})"
    if not found.active:
        return (1, "is installed, not seen running") if found.packages else (0, "")
    if not surely(found):
        return (1, f"may be there, as few facts agree{_little(found)}") if found.confidence == "low" else (0, "")
    for flag, words in _PREPARED.items():
        if flag in found.flags:
            return 3, words
    if found.open_ports:
        freely = ", without a password" if "vnc_no_password" in found.flags else ""
        return 3, f"takes connections from the network on {', '.join(found.open_ports)}{freely}"
    if found.inner_ports and forwarder:
        ports = ", ".join(found.inner_ports)
        return (
            3,
            f"is open on {ports} to the laptop itself, while {quoted(forwarder)} forwards its ports to the outside",
        )
    if found.inner_ports:
        return 2, f"runs, open on {', '.join(found.inner_ports)} to the laptop itself only"
    return 2, "runs" if found.programs else "starts with the system"


def _little(found: Recognised[RemoteTool]) -> str:
    process, match = found.programs[0] if found.programs else (None, None)
    return f" ({quoted(process.name)} {words_of_facts(match.facts, 1)})" if process and match else ""
