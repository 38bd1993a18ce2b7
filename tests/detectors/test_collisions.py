"""A name of the collision list never counts alone: matching needs a second fact that agrees.

Names and what else bears them: catalog/name_collisions.yaml (rv.exe is RSupport's RemoteView and a film player).
"""

import pytest

from farmwatch_detectors import os_remote_desktop, remote_access_tool, vpn_or_tunnel
from farmwatch_detectors.matching import Index, at_least, deception_index, tool_index, tunnel_index
from farmwatch_detectors.products import Collision, Product, collisions
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service

from .views import view

PLATFORMS = ("windows", "macos", "linux")
WEAK = [
    (record, name, platform)
    for record in collisions()
    if record.kind == "name" and record.alone in ("none", "low", "info")
    for name in record.names
    for platform in PLATFORMS
]
INDEXES: tuple[Index[Product], ...] = (tool_index(), tunnel_index(), deception_index())  # type: ignore[assignment]


@pytest.mark.parametrize(("record", "name", "platform"), WEAK, ids=lambda value: getattr(value, "id", value))
def test_alone_it_is_sure_nowhere(record: Collision, name: str, platform: str) -> None:
    """Not by its file, not as a service's program, and not as what the kernel calls the process."""
    bare = name.removesuffix(".app")
    process = Process(name=bare, path=f"C:\\tools\\{bare}" if platform == "windows" else f"/tmp/{bare}")
    service = Service(name="SomeService", kind="service", path=process.path or "")
    for index in INDEXES:
        for match in (*index.program(process, platform), *index.service(service, platform)):
            assert match.product.role == "viewer" or not at_least(match.confidence, "medium"), match


@pytest.mark.parametrize(("record", "name", "platform"), WEAK, ids=lambda value: getattr(value, "id", value))
def test_alone_it_is_no_finding_that_weighs(record: Collision, name: str, platform: str) -> None:
    bare = name.removesuffix(".app")
    process = Process(
        name=bare, path=f"C:\\tools\\{bare}" if platform == "windows" else f"/tmp/{bare}", package="other"
    )
    device = view(processes=(process,))
    for module in (remote_access_tool, os_remote_desktop, vpn_or_tunnel):
        levels = [finding.level for finding in module.DETECTOR.detect(device)]
        assert max(levels, default=0) <= 1, (module.DETECTOR.id, levels)


@pytest.mark.parametrize(
    ("name", "path", "signer", "tool"),
    [
        ("rv.exe", r"C:\Program Files\RSupport\RemoteView\rv.exe", None, "rsupport-remoteview"),
        ("srservice.exe", r"C:\Program Files (x86)\Splashtop\Splashtop Remote\Server\SRService.exe", None, "splashtop"),
        ("level.exe", r"C:\Program Files\Level\level.exe", "Level Software, Inc.", "level"),
        ("client32.exe", r"C:\Program Files\NetSupport\client32.exe", "NetSupport Ltd", "netsupport-manager"),
    ],
)
def test_with_a_second_fact_that_agrees_it_is_known(name: str, path: str, signer: str | None, tool: str) -> None:
    alone = Process(name=name, path=rf"C:\tools\{name}")
    known = Process(name=name, path=path, signer=signer)
    assert tool not in {match.product.id for match in tool_index().program(alone, "windows")}
    found = {match.product.id: match.confidence for match in tool_index().program(known, "windows")}
    assert at_least(found[tool], "low"), found
