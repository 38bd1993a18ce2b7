"""What one report of a machine tells and another does not, by kind; identifiers are held by form, keys may differ."""

import json
from typing import Any

#: What only a running reader has, or what names the run itself.
_ASIDE = frozenset({"agent"})


def lost(reader: dict[str, Any], root: dict[str, Any]) -> dict[str, list[str]]:
    """Returns by kind what stands in root's report and not in the reader's, outcome of the section included."""
    found: dict[str, list[str]] = {}
    ours = {section["kind"]: section for section in reader["sections"]}
    for theirs in root["sections"]:
        kind = theirs["kind"]
        if kind in _ASIDE:
            continue
        section = ours.get(kind)
        if section is None:
            found[kind] = ["the whole section"]
            continue
        here = {_plain(item) for item in section.get("items", [])}
        there = {_plain(item) for item in theirs.get("items", [])}
        # A gap of root's is nothing to lose, and one that only the reader has is a loss.
        gaps = {_plain(item) for item in [*section.get("items", []), *theirs.get("items", [])] if item["type"] == "gap"}
        missing = sorted(there - here - gaps) + sorted(gaps & here - there)
        if section["outcome"] != theirs["outcome"]:
            missing.append(f"outcome {theirs['outcome']}, here {section['outcome']}: {section.get('reason', '')}")
        if missing:
            found[kind] = missing
    return found


def _plain(item: dict[str, Any]) -> str:
    # Digests and owners of files are looked up within a budget per pass: whoever looked later knows more of them.
    left_out = {"sha256", "package"} if item["type"] == "process" else set()
    return json.dumps(_without_digests({key: item[key] for key in item if key not in left_out}), sort_keys=True)


def _without_digests(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_digests(part) for key, part in value.items() if key not in ("digest", "key_id")}
    return [_without_digests(part) for part in value] if isinstance(value, list) else value
