"""Paths of Windows: what counts as the file that was asked for."""

import pytest

from farmwatch_agent.host import NotPermitted
from farmwatch_agent.host.windows import live


def test_a_short_name_is_the_file_itself_and_a_junction_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services of older programs are registered as C:\\PROGRA~1\\...; GetLongPathNameW writes that out."""
    monkeypatch.setattr(live, "_plain", str.casefold)
    monkeypatch.setattr(live, "long_name", lambda path: path.replace("PROGRA~1", "Program Files"))
    live._same(r"C:\Program Files\Oracle\agent.exe", r"C:\PROGRA~1\Oracle\agent.exe")
    with pytest.raises(NotPermitted):
        live._same(r"D:\elsewhere\agent.exe", r"C:\PROGRA~1\Oracle\agent.exe")
    with pytest.raises(NotPermitted):
        live._same(r"D:\elsewhere\agent.exe", r"C:\Program Files\Oracle\agent.exe")
