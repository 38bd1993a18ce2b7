"""Takes arguments out of files that hold command lines: units, desktop entries, crontabs.

A capture is given away, and arguments hold tokens and passwords. What is left is what probes tell: the program.
"""

import re

_CRONTABS = ("/etc/crontab", "/etc/cron.d/", "/var/spool/cron/", "/private/var/at/tabs/")
_WITH_USER = ("/etc/crontab", "/etc/cron.d/")
_UNITS = (".service", ".socket", ".timer", ".path", ".mount", ".desktop")

_EXEC = re.compile(r"(\s*(?:Try)?Exec\w*\s*=\s*[-@:+!|]*)(.*)", re.DOTALL)
_SECRET_KEY = re.compile(r"\s*(?:Pass)?Environment\w*\s*=|\s*(?:Set|Load|Import)Credential\w*\s*=")
_WORD = re.compile(r"\"[^\"]*\"?|'[^']*'?|\S+")
_ASSIGNMENT = re.compile(r"[^\s/=]+=")
#: A quoted program, or everything up to the first ending of one: CreateProcess takes blanks in it without quotes.
_WINDOWS = re.compile(
    r'\s*(?:"(?P<quoted>[^"]*)"?|(?P<ended>.*?\.(?:exe|sys|dll|com|bat|cmd|scr|vbs|js|ps1|msi|lnk|cpl))(?=$|[\s,"])'
    r"|(?P<word>\S*))",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN = re.compile(r"[^`$;|&<>(){}\[\]*?!#\\]*")


def holds_command_lines(path: str) -> bool:
    """Whether a file is of a kind that holds command lines."""
    return path.startswith(_CRONTABS) or path.endswith(_UNITS)


def without_arguments(path: str, text: str) -> str:
    """Returns a file's text without arguments and settings for programs; a file of another kind as it is."""
    if path.startswith(_CRONTABS):
        return "\n".join(_cron_line(line, with_user=path.startswith(_WITH_USER)) for line in text.split("\n"))
    if path.endswith(_UNITS):
        # A line that ends in a backslash goes on in the next one.
        return "\n".join(map(_unit_line, text.replace("\\\n", " ").split("\n")))
    return text


def program_only(command: str) -> str:
    """Returns a command line up to its program; `env` and names of variables stay, their values do not."""
    kept: list[str] = []
    for word in _WORD.findall(command):
        assignment = _ASSIGNMENT.match(word)
        if assignment:
            kept.append(assignment[0])
        elif word.rpartition("/")[2] == "env":
            kept.append(word)
        else:
            # Something for a shell to expand is no program that could be told, and may be anything.
            quoted = word[0] in "\"'" and "$" not in word and "`" not in word
            kept.append(word if quoted or _PLAIN.fullmatch(word) else "$")
            break
    return " ".join(kept)


def windows_program(command: str) -> str:
    """Returns the program of a Windows command line, without quotes and arguments (learn.microsoft.com, CreateProcess).

    A path with blanks and without quotes ends at its first `.exe` or the like.
    """
    match = _WINDOWS.match(command)
    return (match["quoted"] or match["ended"] or match["word"] or "") if match else ""


def windows_start(command: str) -> str:
    """Returns a Windows command line without its arguments, in a form that names the same program when read again."""
    program = windows_program(command)
    return f'"{program}"' if program and windows_program(program) != program else program


def _unit_line(line: str) -> str:
    if line.lstrip().startswith(("#", ";")) or _SECRET_KEY.match(line):
        return ""
    command = _EXEC.fullmatch(line)
    return command[1] + program_only(command[2]) if command else line


def _cron_line(line: str, *, with_user: bool) -> str:
    stripped = line.strip()
    if not stripped or stripped.startswith("#"):
        return ""
    assignment = _ASSIGNMENT.match(stripped)
    if assignment and not stripped[0].isdigit():
        return assignment[0]
    fields = stripped.split(None, (1 if stripped.startswith("@") else 5) + with_user)
    if with_user and len(fields) > 1 and fields[-2] != "root":
        fields[-2] = "~"
    return " ".join([*fields[:-1], program_only(fields[-1])])
