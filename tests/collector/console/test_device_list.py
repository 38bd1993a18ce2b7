"""What the device list says of a device on which nothing counts."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from farmwatch_collector.console import Sessions, routes
from farmwatch_schema.finding import Evidence, Finding

from .markup import Page
from .memory import NOW, MemoryStore, as_store, judged

BASE = "http://testserver.local"
PROOF = Evidence(kind="usb", subject="USB device 1d6b:0104", fact="It calls itself PiKVM.")
ALLOWED = Finding(
    detector="ip_kvm_identity", group="H", level=0, sentence="The lab's own.", evidence=(PROOF,), sanctioned="lab"
)


@pytest.mark.parametrize(
    ("findings", "said", "unsaid"),
    [
        ([ALLOWED], "only what is sanctioned or harmless", "nothing found in"),
        ([], "nothing found in 0 of 8 groups", "only what is sanctioned"),
    ],
)
def test_a_device_with_sanctioned_things_alone_is_not_said_to_have_none(
    findings: list[Finding], said: str, unsaid: str
) -> None:
    store, sessions = MemoryStore(), Sessions()
    store.add("d-lab", "lab", judged("d-lab", [], findings))
    app = Litestar(routes(as_store(store), sessions, clock=lambda: NOW), openapi_config=None)
    with TestClient(app, base_url=BASE) as client:
        assert client.get(sessions.new_link(BASE).removeprefix(BASE)).status_code == 200
        text = Page(client.get("/").text).text
    assert said in text
    assert unsaid not in text
