"""The catalogue loader: one clear error with file, entry and field."""

import pytest

from farmwatch_detectors.catalog import CatalogueError, Entry, parse


class Thing(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ids: tuple[str, ...] = ()


GOOD = b"""
version: "1"
about: things
entries:
- {id: one, source: ["example/firmware:a.py@abc"], date: 2026-08-01, confidence: firmware, ids: ["1d6b:0104"]}
"""


def test_an_entry_is_typed_and_found_by_id() -> None:
    catalogue = parse(GOOD, "things", Thing)
    one = catalogue.get("one")
    assert one is not None
    assert one.ids == ("1d6b:0104",)
    assert one.date.isoformat() == "2026-08-01"
    assert catalogue.get("two") is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((b'["1d6b:0104"]', b"[1234]"), r"things.yaml entry one \$\.ids\[0\]: Expected `str`"),
        ((b"ids:", b"idz:"), r"things.yaml entry one \$: .*idz"),
        ((b"date: 2026-08-01, ", b""), r"things.yaml entry one \$: .*date"),
        ((b"confidence: firmware", b"confidence: sure"), r"things.yaml entry one \$\.confidence"),
        ((b'["example/firmware:a.py@abc"]', b"[]"), r"things.yaml entry one \$\.source"),
        ((b"entries:", b"entry:"), r"things.yaml: .*entr"),
        ((b"- {id", b"- {id: [, id"), "things.yaml: "),
        ((b"about: things", b"about: !!python/object/apply:os.system [ls]"), "things.yaml: could not determine"),
        ((b"about: things", b"about: \xff\xfe"), "things.yaml: "),
    ],
)
def test_a_broken_catalogue_is_refused_with_file_entry_and_field(change: tuple[bytes, bytes], said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        parse(GOOD.replace(*change), "things", Thing)


def test_an_id_that_is_there_twice_is_refused() -> None:
    with pytest.raises(CatalogueError, match=r"entry one .*twice"):
        parse(GOOD + GOOD.splitlines()[-1] + b"\n", "things", Thing)
