"""Reads a person's YAML file into typed values: every error with its line, field and remedy.

Used for the policy (policy_file.py) and a company's landmarks (place/landmarks.py).
"""

import difflib
import re
from collections.abc import Callable, Hashable
from typing import TypeVar

import msgspec
import yaml

from .input_error import InputError

T = TypeVar("T")

MAX_DEPTH = 8  # our files need 4; the YAML reader's time grows with the square of the depth
FieldsAt = Callable[[str], tuple[str, ...]]
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`\Z", re.DOTALL)


def parse_yaml(text: str, name: str, kind: type[T], fields_at: FieldsAt, page: str) -> tuple[T, dict[str, int]] | None:
    """Returns what a YAML text holds as `kind`, and the line of each field by its path; None when it is empty.

    name       of the file, for errors
    fields_at  names that are valid at a path like `$.sanctions[3]`
    page       of docs/ that tells the format

    Raises InputError with line, field and remedy.
    """
    root = _compose(text, name, page)
    if root is None:
        return None
    lines: dict[str, int] = {}
    _note_lines(root, "$", lines, name, page)
    try:
        return msgspec.convert(yaml.SafeLoader("").construct_document(root), kind), lines
    except msgspec.ValidationError as error:
        raise _located(str(error), name, lines, fields_at, page) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(error).splitlines()[0] if str(error) else "it is nested too deeply"
        raise InputError(name, 1, "", f"cannot be read: {problem}.", f"Compare it with {page}.") from error


def shown(path: str) -> str:
    """Returns a path as errors name it: "sanctions[3].tool"."""
    return path.removeprefix("$.") if path != "$" else ""


def _compose(text: str, name: str, page: str) -> yaml.Node | None:
    """Returns the document's nodes; anchors are refused, because they can grow without bound."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1 if event.start_mark is not None else 0
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise InputError(name, line, "", "is nested too deeply.", f"Compare it with {page}.")
            if isinstance(event, yaml.AliasEvent):
                raise InputError(name, line, "", "anchors and aliases are not taken.", "Write the entry out.")
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 0
        problem = f"is not valid YAML: {error.problem or error.context}."
        raise InputError(name, line, "", problem, "Check indentation and quotes.") from error
    except (yaml.YAMLError, RecursionError) as error:
        problem = "is nested too deeply." if isinstance(error, RecursionError) else "holds characters YAML forbids."
        raise InputError(name, 0, "", problem, f"Compare it with {page}.") from error
    return node


def _note_lines(node: yaml.Node, path: str, lines: dict[str, int], name: str, page: str) -> None:
    """Notes the line of every key and list entry by its path; a key written twice is an error."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:timestamp":
        try:
            yaml.SafeLoader("").construct_yaml_timestamp(node)
        except ValueError as error:
            problem = f"is no day of the calendar: {node.value[:40]!r}."
            remedy = "Write a day like 2027-03-31."
            raise InputError(name, node.start_mark.line + 1, shown(path), problem, remedy) from error
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            field = f"{path}.{key.value}"
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise InputError(name, line, shown(path), "a key here is not a word.", f"See {page}.")
            if key.value in seen:
                raise InputError(name, line, shown(field), "is written twice.", "Keep one of them.")
            seen.add(key.value)
            lines[field] = line
            _note_lines(value, field, lines, name, page)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, f"{path}[{index}]", lines, name, page)


def _located(message: str, name: str, lines: dict[str, int], fields_at: FieldsAt, page: str) -> InputError:
    """Turns msgspec's sentence into an InputError with line, and the nearest valid name for a typo."""
    problem, _, path = message.partition(" - at `")
    path = path.rstrip("`") or "$"
    unknown = _UNKNOWN.match(problem)
    if unknown:
        field = f"{path}.{unknown['name']}"
        known = fields_at(path)
        near = difflib.get_close_matches(unknown["name"], known, n=1, cutoff=0.5)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Valid here: {', '.join(known)}."
        return InputError(name, lines.get(field, lines.get(path, 0)), shown(field), "is no known key.", remedy)
    remedy = f"See {page}."
    if "got `int`" in problem or "got `float`" in problem:
        remedy = "Put it in quotes: YAML reads plain digits as a number."
    elif "got `bool`" in problem:
        remedy = "Put it in quotes: YAML reads yes, no, on and off as true and false."
    elif "got `null`" in problem:
        remedy = "Give it a value, or remove the key."
    elif "Expected `array`" in problem:
        remedy = "Write it as a list: [one, two]."
    elif "Expected `float" in problem and "got `str`" in problem:
        remedy = "Write a decimal number like 0.0001."
    elif "Expected `bool" in problem:
        remedy = "Write true or false, without quotes."
    elif "Expected `date" in problem or "date" in problem:
        remedy = "Write a day like 2027-03-31, without quotes."
    return InputError(name, lines.get(path, lines["$"]), shown(path), f"{problem}.", remedy)
