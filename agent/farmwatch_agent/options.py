"""Reads a verb's options. Ours, because argparse costs a third of what one whole collection may take."""

from collections.abc import Sequence

from farmwatch_schema.errors import FarmwatchError

#: Exit codes, the same with and without --json: docs/commands.md.
OK, FAILED, USAGE, NOT_ENROLLED, UNREACHABLE, UNAUTHORISED, CLOCK, TLS, INTEGRITY, CANCELLED = *range(9), 130


class UsageError(FarmwatchError):
    """The command line cannot be understood."""

    code = USAGE


class AgentError(FarmwatchError):
    """A verb failed for a reason with an exit code of its own; str() says what, where, and what to do."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        self.code = code
        super().__init__(message)


def readable(text: str, most: int = 300) -> str:
    """Returns the start of a text that others wrote, without what would steer a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text[:most])


class Options:
    """What a command line says.

    values  option name without dashes -> text; a flag's text is ""; a repeated option's texts joined with ","
    words   what is no option, in order
    """

    def __init__(self, values: dict[str, str], words: list[str]) -> None:
        self.values = values
        self.words = words

    def flag(self, name: str) -> bool:
        """Whether the flag was given."""
        return name in self.values

    def text(self, name: str, default: str = "") -> str:
        """Returns an option's value."""
        return self.values.get(name, default)


def parse(words: Sequence[str], known: dict[str, str], positional: Sequence[str] = ()) -> Options:
    """Returns the options and words of a command line.

    known       option name without dashes -> name of its value, "" for a flag
    positional  names of the words that must follow, in order

    Raises UsageError that names what is unknown, missing or too much.
    """
    values: dict[str, str] = {}
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--") or word == "--":
            if word != "--":
                rest.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if name not in known:
            near = [f"--{other}" for other in sorted(known) if other[:2] == name[:2]]
            hint = (
                f"Did you mean {near[0]}?" if near else "It takes " + ", ".join(f"--{other}" for other in sorted(known))
            )
            raise UsageError(f"there is no option --{name}. {hint}")
        if not known[name]:
            if equals:
                raise UsageError(f"--{name} takes no value.")
            values[name] = ""
            continue
        if not equals:
            if not waiting or waiting[0].startswith("--"):
                raise UsageError(f"--{name} needs {known[name]} after it.")
            value = waiting.pop(0)
        values[name] = f"{values[name]},{value}" if name in values else value
    if len(rest) < len(positional):
        raise UsageError(f"{positional[len(rest)]} is missing.")
    if len(rest) > len(positional):
        raise UsageError(f"“{rest[len(positional)]}” is one word too many.")
    return Options(values, rest)
