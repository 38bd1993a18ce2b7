"""A file from a person that cannot be taken: one sentence with file, line, field and what to do."""

from farmwatch_schema.errors import FarmwatchError


class InputError(FarmwatchError):
    """Where it stands (`file`, `line` from 1 or 0 when unknown, `field`), the `problem`, and the `remedy`."""

    def __init__(self, file: str, line: int, field: str, problem: str, remedy: str) -> None:
        self.file = file
        self.line = line
        self.field = field
        self.problem = problem
        self.remedy = remedy
        place = f"{file} line {line}" if line else file
        super().__init__(f"{place}{f', {field}' if field else ''}: {problem} {remedy}".rstrip())


def read_text(path: str, limit: int) -> str:
    """Returns a file's text, UTF-8 with or without a byte order mark; raises InputError when it cannot."""
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(path, 0, "", f"cannot be read: {reason}.", "Check the path and your rights.") from error
    if len(data) > limit:
        raise InputError(path, 0, "", f"is larger than {limit} bytes.", "Split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(path, line, "", "is not UTF-8 text.", 'Save it as UTF-8; in Excel "CSV UTF-8".') from error
