"""What a host's error becomes, and what a missing answer is."""

import pytest

from farmwatch_agent.host import HostError, Missing, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.probes.asking import link_of, names_in, outcome_of

from ..fake_host import FakeHost


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotPermitted("/x: may not be read"), "not_permitted"),
        (NotSupported("/x: not on this kernel"), "not_supported"),
        (SourceBroken("/x: input/output error"), "broken"),
        (Missing("/x: is not there"), "broken"),
    ],
)
def test_an_error_keeps_its_outcome_in_a_gap_and_what_vanished_is_broken(error: HostError, outcome: str) -> None:
    assert outcome_of(error) == outcome


def test_a_folder_or_link_that_gives_no_answer_is_empty() -> None:
    host = FakeHost()
    assert names_in(host, "/nowhere") == []  # type: ignore[arg-type]
    assert link_of(host, "/nowhere") == ""  # type: ignore[arg-type]
