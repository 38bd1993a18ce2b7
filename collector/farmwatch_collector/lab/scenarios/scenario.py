"""What a scenario file says, and how it is read. Format: docs/scenarios.md."""

import difflib
import itertools
import re
from datetime import date

import msgspec
import yaml

from ...input_error import InputError, read_text
from .disguises import DISGUISES, possible
from .hardware import PRODUCTS
from .permissions import MISSING, is_missing_on
from .remote import TOOLS
from .tampering import TAMPERS
from .trap_table import TRAPS
from .tunnels import VPNS

#: Where a laptop is that is not where its claim is, or whose person is not (farms.py).
PLACES = ("shipped_abroad", "far_farm", "vpn_exit", "home_exit", "apart")
#: Classes for which recall is told (lab/sample.py).
KINDS = ("kvm_default", "kvm_spoofed", "kvm_every_spoof", "software", "software_pair", "software_travel_router",
         "tool_known", "tool_renamed", "vpn", "mesh", "travel_router", "tampered", "farm", *PLACES)  # fmt: skip


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Devices of a scenario.

    compose   farm laptops: one of each composition of these words; an empty list of a word stands for all
    each      how many of each composition
    shared    as many farm laptops stand behind one gateway; 1 for one each
    later     share of them whose onset lies after enrolment
    settled   days after the onset from which on the label holds: for what is only there once it has gone on for days
    timing    `input_timing` is turned on in these laptops' settings, where their platform tells it
    lid       of farm laptops: `open` or `closed`; "" for either
    ordinary  so many ordinary devices, with traps at their rates
    traps     rates that differ from the usual ones, by trap
    plain     no trap but those that `traps` names
    kind      class under which recall is told, where the composition does not say
    """

    compose: dict[str, list[str]] = {}
    each: int = 1
    shared: int = 1
    later: float = 0.5
    settled: int = 0
    lid: str = ""
    timing: bool = False
    ordinary: int = 0
    traps: dict[str, float] = {}
    plain: bool = False
    kind: str = ""


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario file.

    version        of the format
    name, about    what it is for, one sentence
    first_day      local day of the first reports
    days           how long each sample lasts
    enrol_days     first reports come within so many days
    every_minutes  between two reports of a laptop that is awake
    rounds         of measuring on a day, as told; 0 where the company turned it off
    per_part       farm laptops of one sample; a part without compositions holds its ordinary devices
    parts          samples of one seed, where no composition says how many
    """

    version: int
    name: str
    about: str
    first_day: str = "2026-10-05"
    days: int
    enrol_days: int = 1
    every_minutes: int = 60
    rounds: int = 2
    per_part: int = 60
    parts: int = 1
    groups: list[Group]


#: Words of a composition, and what an empty list of them stands for.
WORDS: dict[str, tuple[str, ...]] = {
    "kvm": tuple(PRODUCTS),
    "disguise": DISGUISES,
    "software": TOOLS,
    "vpn": VPNS,
    "tamper": TAMPERS,
    "place": PLACES,
    "platform": ("linux", "macos", "windows"),
    "missing": MISSING,
}
_ALONE = {"kvm": "none", "disguise": "default", "software": "none", "vpn": "none", "tamper": "none", "place": "none",
          "missing": "none"}  # fmt: skip
VERSION = 1
MAX_BYTES = 1 << 20
REMEDY = "docs/scenarios.md has the format."


def read(path: str) -> Scenario:
    """Returns the scenario of a YAML file; raises InputError with file, line and field."""
    return parse(read_text(path, MAX_BYTES), path)


def parse(text: str, name: str) -> Scenario:
    """Returns the scenario that a YAML text holds; `name` stands in errors."""
    lines: dict[str, int] = {}
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise InputError(name, line, "", "anchors and aliases are not taken.", "Write the list out.")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            raise InputError(name, 0, "", "is empty.", REMEDY)
        _note(node, "$", lines)
        plain = yaml.SafeLoader("").construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InputError(name, line, "", f"is not valid YAML: {error.problem}.", REMEDY) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(name, 0, "", "is not valid YAML.", REMEDY) from error
    try:
        scenario = msgspec.convert(plain, Scenario)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `")
        field = place.rstrip("`") or "$"
        raise InputError(name, lines.get(field, 1), field.removeprefix("$."), f"{problem}.", REMEDY) from error
    _check(scenario, name, lines)
    return scenario


def _note(node: yaml.Node, path: str, lines: dict[str, int]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _note(value, f"{path}.{key.value}", lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note(value, f"{path}[{index}]", lines)


def _check(scenario: Scenario, name: str, lines: dict[str, int]) -> None:
    def fail(path: str, problem: str, remedy: str) -> InputError:
        return InputError(name, lines.get(f"$.{path}", 1), path, problem, remedy)

    if scenario.version != VERSION:
        raise fail("version", f"is {scenario.version}.", f"This program knows version {VERSION}.")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", scenario.name):
        raise fail("name", f"is {scenario.name[:40]!r}.", "Small letters, digits and _ are taken.")
    try:
        date.fromisoformat(scenario.first_day)
    except ValueError:
        raise fail("first_day", f"is no day: {scenario.first_day[:40]!r}.", "Write it like 2026-10-05.") from None
    for field, least, most in (("days", 1, 400), ("every_minutes", 15, 1440), ("per_part", 1, 10_000),
                               ("parts", 1, 10_000), ("enrol_days", 1, 400), ("rounds", 0, 4)):  # fmt: skip
        value = getattr(scenario, field)
        if not least <= value <= most:
            raise fail(field, f"is {value}.", f"{least} to {most} are taken.")
    for index, group in enumerate(scenario.groups):
        path = f"groups[{index}]"
        if bool(group.compose) == bool(group.ordinary):
            raise fail(path, "must either compose farm laptops or count ordinary ones.", REMEDY)
        for word, values in group.compose.items():
            if word not in WORDS:
                raise fail(f"{path}.compose.{word}", "is no word of a composition.", f"One of {', '.join(WORDS)}.")
            for place, value in enumerate(values):
                if value not in (*WORDS[word], "none"):
                    near = difflib.get_close_matches(value, WORDS[word], n=1, cutoff=0.4)
                    remedy = f"Did you mean {near[0]!r}?" if near else f"One of {', '.join(WORDS[word])}."
                    raise fail(f"{path}.compose.{word}[{place}]", f"is {value[:40]!r}.", remedy)
        if group.lid not in ("", "open", "closed"):
            raise fail(f"{path}.lid", f"is {group.lid[:40]!r}.", "open or closed.")
        if not 0 <= group.settled < scenario.days:
            raise fail(f"{path}.settled", f"is {group.settled}.", "0 to less than the scenario's days.")
        if group.kind and group.kind not in KINDS:
            raise fail(f"{path}.kind", f"is {group.kind[:40]!r}.", f"One of {', '.join(KINDS)}.")
        for trap, rate in group.traps.items():
            if trap not in TRAPS:
                near = difflib.get_close_matches(trap, TRAPS, n=1, cutoff=0.4)
                remedy = f"Did you mean {near[0]!r}?" if near else f"One of {', '.join(TRAPS)}."
                raise fail(f"{path}.traps.{trap}", "is no trap.", remedy)
            if not 0 <= rate <= 1:
                raise fail(f"{path}.traps.{trap}", f"is {rate}.", "A rate lies between 0 and 1.")


def compositions(group: Group) -> list[dict[str, str]]:
    """Returns every composition of a group that exists: a product that cannot do a disguise has none."""
    if not group.compose:
        return []
    choices = [_choices(word, group.compose) for word in WORDS]
    found: list[dict[str, str]] = []
    for values in itertools.product(*choices):
        made = dict(zip(WORDS, values, strict=True))
        exists = made["disguise"] == "default" if made["kvm"] == "none" else made["disguise"] in possible(made["kvm"])
        if exists and is_missing_on(made["missing"], made["platform"]):
            found += [made] * group.each
    return found


def _choices(word: str, compose: dict[str, list[str]]) -> tuple[str, ...]:
    if word not in compose:
        return (_ALONE[word],) if word in _ALONE else WORDS[word]
    return tuple(compose[word]) or WORDS[word]
