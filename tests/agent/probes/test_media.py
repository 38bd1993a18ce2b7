"""The media probe: its declaration. Each platform has a file of its own: test_media_macos.py and so on."""

from farmwatch_agent import probes


def test_it_names_the_platforms_it_is_written_for() -> None:
    assert "macos" in probes.load("media").platforms
