"""The helper that counts input in a Windows session, on Wine: window, registration, headers of messages, counts."""

import pytest

from .test_windows import Wine, hosted  # noqa: F401 (a fixture)

pytestmark = pytest.mark.soak


def test_the_helper_counts_seconds_of_keyboard_and_mouse_in_wine(hosted: Wine) -> None:  # noqa: F811
    answer = hosted.ask(script="input_session.py")
    assert isinstance(answer, dict)
    assert {device["kind"] for device in answer["devices"]} >= {"mouse", "keyboard"}
    (row,) = answer["rows"]
    counts = {count["source"]["function"]: count for count in row["sources"]}
    assert (row["method"], row["active"]) == ("raw_input", 4)
    assert counts["pointer"]["seconds"] == 4
    assert counts["keyboard"]["seconds"] == 2
    assert counts["pointer"]["source"]["absolute"] is False
    assert sum(counts["pointer"]["gaps"]) > 10
