"""Home folders of people, for probes that look for what was installed or set to start in one."""

from collections.abc import Callable, Iterator

from farmwatch_schema.observables import Gap, bucket

from ..host import Host, HostError, Missing, NotPermitted
from ..paths import is_domain
from .asking import names_in, outcome_of

HOMES = "/home"
ROOT_HOME = "/root"
#: More home folders than any laptop has; beyond it the rest is told as a gap.
MAX_HOMES = 50


def homes(host: Host) -> tuple[list[str], list[Gap]]:
    """Returns the home folders, root's first, and the gaps that hidden or too many ones leave."""
    found = [ROOT_HOME]
    gaps: list[Gap] = []
    try:
        for name in host.names(HOMES):
            found.append(f"{HOMES}/{name}")
            if is_domain(name):
                found += [f"{HOMES}/{name}/{inner}" for inner in names_in(host, f"{HOMES}/{name}")]
    except Missing:
        pass
    except HostError as error:
        gaps.append(Gap(what="home folders", outcome=outcome_of(error)))
    if len(found) > MAX_HOMES:
        more = bucket(len(found) - MAX_HOMES)
        gaps.append(Gap(what="further home folders", outcome="not_supported", count=more))
    return found[:MAX_HOMES], gaps


def in_homes(host: Host, folders: tuple[str, ...], look: Callable[[str, str], None]) -> Iterator[Gap]:
    """Calls `look(folder, name)` for each name in each of `folders` below every home; yields what may not be read."""
    found, gaps = homes(host)
    yield from gaps
    closed: set[str] = set()
    for home in found:
        for folder in folders:
            try:
                names = host.names(f"{home}/{folder}")
            except NotPermitted:
                closed.add(home)
                continue
            except HostError:
                continue
            for name in names[:500]:
                look(f"{home}/{folder}", name)
    if closed:
        yield Gap(what="home folders of other users", outcome="not_permitted", count=bucket(len(closed)))


def parse_desktop(text: str) -> dict[str, str]:
    """Returns the keys of a desktop file's first group (Desktop Entry Specification 1.5)."""
    found: dict[str, str] = {}
    inside = False
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("["):
            if inside:
                break
            inside = line == "[Desktop Entry]"
        elif inside:
            key, mark, value = line.partition("=")
            if mark and key not in found:
                found[key.strip()] = value.strip()
    return found


def program_of(command: str) -> str:
    """Returns the program that a command line starts, without its arguments; "" when it is not plain to see.

    `env` and assignments before the program are passed over, quotes around it are taken off.
    """
    rest = command.strip()
    for _ in range(8):
        quote = rest[:1] if rest[:1] in ("'", '"') else ""
        if quote:
            word, _, rest = rest[1:].partition(quote)
        else:
            word, _, rest = rest.partition(" ")
        if not word:
            return ""
        name = word.rpartition("/")[2]
        if name == "env" or (not quote and "=" in word and "/" not in word.partition("=")[0]):
            rest = rest.strip()
            continue
        return word if quote or _is_plain(word) else ""
    return ""


def _is_plain(word: str) -> bool:
    return not any(char in word for char in "`$;|&<>(){}[]*?!#\\")
