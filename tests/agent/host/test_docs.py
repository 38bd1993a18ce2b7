"""The documents of captures and trees name what the code has."""

import re
from pathlib import Path

from farmwatch_agent.host.capture import Answer, Capture
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.probes.displays import linux as displays
from farmwatch_agent.probes.usb import linux as usb
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.usb import UsbDevice

from ...cases import machines

DOCS = Path(__file__).parents[3] / "docs"


def test_every_field_of_a_capture_is_described() -> None:
    text = (DOCS / "capture.md").read_text(encoding="utf-8")
    for field in (*Capture.__struct_fields__, *Answer.__struct_fields__):
        assert f"`{field}`" in text, field


def test_every_ready_laptop_is_named() -> None:
    text = (DOCS / "root-tree.md").read_text(encoding="utf-8")
    for name in machines.MACHINES:
        assert f"`{name}`" in text, name


def test_every_file_that_the_hardware_probes_read_is_described(tmp_path: Path) -> None:
    text = (DOCS / "root-tree.md").read_text(encoding="utf-8")
    machines.office(str(tmp_path))
    recording = RecordingHost(RootHost(str(tmp_path)))
    list(usb.collect(recording))
    list(displays.collect(recording))
    for path in recording.capture(raw=True).read:
        assert path.rpartition("/")[2] in text, path


def test_the_example_of_a_tree_runs(tmp_path: Path) -> None:
    text = (DOCS / "root-tree.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(example.replace('"DIR"', repr(str(tmp_path))), "example", "exec"), {})
    found = {item.port_path: item for item in usb.collect(RootHost(str(tmp_path))) if isinstance(item, UsbDevice)}
    assert found["1-3"].interfaces[0].name == "HID Interface"
    assert any(item.name == "DELL P2419H" for item in displays.collect(RootHost(str(tmp_path)))
               if isinstance(item, Display))  # fmt: skip
