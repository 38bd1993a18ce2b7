"""Nobody silences an agent by making its reports too large."""

from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes.bounds import MAX_PATH, at_most, short
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.usb import UsbDevice


def devices(count: int) -> list[UsbDevice]:
    return [UsbDevice(vendor_id="1d6b", product_id=f"{number:04x}") for number in range(count)]


def test_up_to_the_limit_nothing_is_cut_and_no_gap_is_told() -> None:
    assert list(at_most(devices(3), 3, "devices")) == devices(3)


def test_beyond_the_limit_the_rest_is_a_gap_with_its_count() -> None:
    assert list(at_most(devices(15), 3, "devices")) == [
        *devices(3),
        Gap(what="further devices", outcome="not_supported", count="10-49"),
    ]


@given(st.text(max_size=3 * MAX_PATH))
def test_a_path_keeps_its_end_and_never_grows(path: str) -> None:
    cut = short(path)
    assert len(cut) <= MAX_PATH + 3
    assert cut.endswith(path[-MAX_PATH // 2 :])
    assert cut == path or len(path) > MAX_PATH
