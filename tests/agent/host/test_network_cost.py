"""What Windows and macOS think a network costs: the bytes that are asked with and answered."""

import struct
import uuid

import pytest

from farmwatch_agent.host import Missing, NotSupported
from farmwatch_agent.host.macos import network_marks
from farmwatch_agent.host.macos.network_marks import NetworkMarks
from farmwatch_agent.host.windows import network_cost
from farmwatch_agent.host.windows.network_cost import METERED, NetworkCost


def test_ids_lie_in_memory_as_windows_keeps_them() -> None:
    # netlistmgr.h: CLSID_NetworkListManager and IID_INetworkCostManager.
    assert uuid.UUID("DCB00C01-570F-4A9B-8D69-199FDBA5723B").bytes_le == network_cost.LIST_MANAGER
    assert uuid.UUID("DCB00008-570F-4A9B-8D69-199FDBA5723B").bytes_le == network_cost.COST_MANAGER


@pytest.mark.parametrize(
    ("cost", "metered"),
    # learn.microsoft.com, NLM_CONNECTION_COST
    [(0, False), (1, False), (0x20001, False), (2, True), (4, True), (0x10001, True), (0x40001, True), (0x80001, True)],
)
def test_a_cost_is_metered_by_its_bits(cost: int, metered: bool) -> None:
    assert bool(cost & METERED) == metered


def test_a_macs_questions_have_the_numbers_of_its_kernel() -> None:
    # xnu bsd/sys/ioccom.h: direction, size of struct ifreq (32), group, number.
    assert network_marks.EXPENSIVE == 0xC02069A0
    assert network_marks.CONSTRAINED == 0xC02069CC


def test_a_macs_question_bears_the_interfaces_name_and_the_answer_a_number_behind_it() -> None:
    assert network_marks.asked("en0") == b"en0" + bytes(29)
    assert network_marks.answered(b"en0".ljust(16, b"\0") + struct.pack("=I", 1) + bytes(12)) is True
    assert network_marks.answered(b"en0".ljust(32, b"\0")) is False
    for name in ("", "x" * 16):
        with pytest.raises(Missing):
            network_marks.asked(name)


def test_elsewhere_nobody_can_be_asked() -> None:
    with pytest.raises(NotSupported):
        NetworkCost.live("")
    with pytest.raises(NotSupported):
        NetworkMarks.live("lo")
