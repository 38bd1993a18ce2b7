"""The page of argument flags, made from the rules: `python -m tests.flags` renews docs/flags.md."""

import sys
from pathlib import Path

from farmwatch_agent.host import argument_flags as rules

PAGE = Path(__file__).parent.parent / "docs" / "flags.md"
_HEAD = """# Argument flags

Arguments of programs are read on the laptop and reduced to these words; their text never leaves `host/`
([privacy.md](privacy.md)). Made by `python -m tests.flags` from `host/argument_flags.py` in the agent. The rules
are exact: a program's whole base name (without `.exe` and case on Windows), and whole arguments; `*` stands for the
rest of one.

| flag | program | its arguments | source |
| --- | --- | --- | --- |
"""
_SSH = "`-%s`, or `-o %s=...`, in any of ssh(1)'s ways to write it"


def page() -> str:
    """Returns the page."""
    lines = [
        _row(rule.flag, rule.tools, [*(f"`{word}`" for word in rule.all_of), _any(rule.any_of)], rule.source)
        for rule in rules.RULES
    ]
    options = {letter: option for option, letter in rules._SSH_OPTIONS.items()}
    lines += [
        _row(flag, sorted(rules._SSH_TOOLS), [_SSH % (letter, options[letter])], "man ssh, man ssh_config")
        for letter, flag in rules._SSH_FLAGS.items()
    ]
    lines += [
        _row(flag, (), [f"`{word.decode()}` and nothing else"], "rustdesk source, core_main.rs")
        for word, flag in rules._ONLY.items()
    ]
    lines += [
        _row(f"script_{script.replace('-', '_')}", ("an interpreter",), [f"`{script}`"], source)
        for script, source in rules.SCRIPTS.items()
    ]
    return _HEAD + "\n".join(sorted(lines)) + "\n"


def _any(words: tuple[str, ...]) -> str:
    return " or ".join(f"`{word}`" for word in words)


def _row(flag: str, tools: object, words: list[str], source: str) -> str:
    names = ", ".join(f"`{tool}`" for tool in tools) if tools else "any"  # type: ignore[attr-defined]
    return f"| `{flag}` | {names} | {' and '.join(words)} | {source} |".replace("`an interpreter`", "an interpreter")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write("docs/flags.md is renewed\n")
