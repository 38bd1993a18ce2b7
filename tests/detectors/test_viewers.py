"""Programs that only drive others are outbound: on a laptop that is watched they are never taken for a host."""

import pytest

from farmwatch_detectors.matching import tool_index
from farmwatch_detectors.products import RemoteTool, remote_tools
from farmwatch_detectors.remote_access_tool import DETECTOR
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service

from .views import view

VIEWERS = [tool for tool in remote_tools() if tool.role == "viewer"]
PARTS = [(tool, name) for tool in remote_tools() for name in tool.viewers]


@pytest.mark.parametrize("tool", VIEWERS, ids=lambda tool: tool.id)
@pytest.mark.parametrize("platform", ["windows", "macos", "linux"])
def test_a_program_that_only_shows_others_is_never_a_finding(tool: RemoteTool, platform: str) -> None:
    """With every fact that the catalogue knows of it: name, folder, package and signer."""
    folder = next((path for path in tool.paths if ("\\" in path) == (platform == "windows")), "/x/")
    for name in tool.names.on(platform):
        process = Process(
            name=name,
            path=f"C:{folder}\\{name}" if platform == "windows" else f"/{folder}/{name}",
            signer=next(iter(tool.signers), None),
            package=next(iter((*tool.packages, *tool.bundle_ids)), None),
        )
        assert list(DETECTOR.detect(view(processes=(process,)))) == []


@pytest.mark.parametrize(("tool", "name"), PARTS, ids=lambda value: getattr(value, "id", value))
def test_the_viewer_of_a_host_product_is_not_the_host(tool: RemoteTool, name: str) -> None:
    folder = next((path for path in tool.paths if "\\" in path), "\\x\\")
    process = Process(name=name, path=f"C:{folder}{name}", signer=next(iter(tool.signers), None), original_name=name)
    found = [match for match in tool_index().program(process, "windows") if match.product.role == "host"]
    assert tool.id not in {match.product.id for match in found}


def test_a_host_that_took_the_name_of_its_viewer_is_still_found() -> None:
    """tvnserver.exe renamed to tvnviewer.exe keeps its version resource; TightVNC listens on 5900."""
    renamed = Process(name="tvnviewer.exe", path=r"C:\Users\Public\tvnviewer.exe", original_name="tvnserver.exe")
    found = {match.product.id: match for match in tool_index().program(renamed, "windows", ["tcp/5900"])}
    assert found["tightvnc"].confidence in ("high", "confirmed")


def test_no_name_is_both_a_viewer_s_and_the_host_s() -> None:
    for tool in remote_tools():
        strong = {name.casefold() for platform in ("windows", "macos", "linux") for name in tool.names.on(platform)}
        assert strong.isdisjoint({name.casefold() for name in tool.viewers}), tool.id


def test_a_service_whose_name_ends_in_each_installation_s_own_way_is_known() -> None:
    """ScreenConnect names its service after the instance: "ScreenConnect Client (<16 hex digits>)"."""
    service = Service(name="ScreenConnect Client (0123456789abcdef)", kind="service", running=True)
    assert [match.product.id for match in tool_index().service(service, "windows")] == ["screenconnect"]
    assert tool_index().service(Service(name="ScreenConnect", kind="service"), "windows") == []
