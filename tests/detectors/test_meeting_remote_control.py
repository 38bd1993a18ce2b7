"""meeting_remote_control: the grants that being driven needs, and everybody else's meeting clients."""

import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.meeting_remote_control import DETECTOR
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.media import Grant
from farmwatch_schema.observables.processes import Process

from .views import view

MAC = HostFacts(os="macOS", hypervisor="")
ZOOM = Process(name="zoom.us", path="/Applications/zoom.us.app/Contents/MacOS/zoom.us", package="us.zoom.xos",
               signer="BJ4HAAB9B3")  # fmt: skip


def _grants(*what: str, app: str = "us.zoom.xos", allowed: bool | None = True) -> list[Grant]:
    return [Grant(what=each, app=app, allowed=allowed, given_by="user") for each in what]


def test_hit_a_client_that_may_see_and_give_input_is_level_one() -> None:
    [finding] = DETECTOR.detect(view(host=[MAC], processes=[ZOOM], media=_grants("screen", "accessibility")))
    assert (finding.subject, finding.level, finding.group) == ("zoom", 1, "R")
    assert "Check:" in finding.sentence
    assert len(finding.sentence.split()) <= 45


@pytest.mark.parametrize("what", [("screen", "camera", "microphone"), ("accessibility",), ()])
def test_miss_a_client_that_only_shares_the_screen_is_nothing(what: tuple[str, ...]) -> None:
    assert list(DETECTOR.detect(view(host=[MAC], processes=[ZOOM], media=_grants(*what)))) == []


def test_miss_a_refused_grant_another_programs_or_a_client_that_does_not_run_is_nothing() -> None:
    both = ("screen", "accessibility")
    for media in (_grants(*both, allowed=False), _grants(*both, allowed=None), _grants(*both, app="com.example.other")):
        assert list(DETECTOR.detect(view(host=[MAC], processes=[ZOOM], media=media))) == []
    assert list(DETECTOR.detect(view(host=[MAC], processes=[], media=_grants(*both)))) == []


@pytest.mark.parametrize("name", ["Zoom.exe", "CptHost.exe", "ms-teams.exe", "slack.exe"])
def test_honest_twin_presence_of_a_client_on_windows_is_nothing_even_while_it_shares(name: str) -> None:
    client = Process(name=name, path=rf"~\AppData\Roaming\Zoom\bin\{name}", signer="Zoom Communications, Inc.")
    assert list(DETECTOR.detect(view(host=[HostFacts(os="Windows 11 Pro")], processes=[client], media=[]))) == []


def test_honest_twin_it_weighs_next_to_nothing() -> None:
    row = level_table(DETECTOR.id)[1]
    assert row.m / row.u < 1.5


def test_could_not_look_gives_no_finding() -> None:
    assert list(DETECTOR.detect(view())) == []
    media = _grants("screen", "accessibility")
    assert list(DETECTOR.detect(view(host=[MAC], processes=[ZOOM], media=media, outcome="not_permitted"))) == []
