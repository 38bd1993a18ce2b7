"""How every `farmwatch bench` gives its answer: one document, and a page on demand."""

import sys

import msgspec

from ..input_error import InputError


def write_page(page: str, path: str) -> None:
    """Writes a page and says so; raises InputError where it cannot be written."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(path, 0, "", f"cannot be written: {reason}.", "Name another file with --html.") from error
    print(f"page written: {path}", file=sys.stderr)


def print_document(document: msgspec.Struct) -> None:
    """Prints the one JSON document."""
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
