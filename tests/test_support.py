"""docs/support.md and docs/facts.md are what the probes show, not what somebody remembers."""

import pytest

from . import support


@pytest.fixture(scope="module")
def made() -> support.Survey:
    return support.survey()


RENEW = "renew it: .venv/bin/python -m tests.support"


def test_the_table_of_support_is_what_the_probes_show(made: support.Survey) -> None:
    page = (support.DOCS / "support.md").read_text(encoding="utf-8")
    assert support.BEGIN in page
    assert support.support(page, made) == page, RENEW


def test_the_page_of_facts_is_what_the_probes_show(made: support.Survey) -> None:
    assert support.facts(made) == (support.DOCS / "facts.md").read_text(encoding="utf-8"), RENEW


def test_no_cell_of_the_table_is_empty_of_a_recorded_host(made: support.Survey) -> None:
    assert "no recorded host" not in support.table(made)
