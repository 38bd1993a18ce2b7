"""A sender that only reads the spool: what it sends, remembers and leaves for the reader. Without a second account."""

import os
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent import outbox
from farmwatch_agent.identity import State
from farmwatch_agent.outbox import Answered, Answers, Outbox
from farmwatch_agent.sender import Sender
from farmwatch_agent.spool import DamagedSpool, Spool, SpoolError
from farmwatch_agent.transport import HttpTransport
from farmwatch_schema.signature import public_key_of

from .collector_double import Collector, running
from .test_sender import DEVICE, SEED, report


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(str(tmp_path))
    os.mkdir(made.sender)
    return made


@pytest.fixture
def spool(state: State) -> Iterator[Spool]:
    made = Spool(state.spool, DEVICE, time.time, mends=True)
    yield made
    made.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running(Collector(public_key=public_key_of(SEED))) as double:
        yield double


def sender(state: State, collector: Collector) -> Sender:
    return Sender(Outbox(state, DEVICE), state, HttpTransport(collector.url), SEED)


def numbers(state: State) -> list[int]:
    return [it.sequence for it in Outbox(state, DEVICE).waiting()]


def test_reports_are_sent_once_and_let_go_of_at_the_readers_next_pass(
    state: State, spool: Spool, collector: Collector
) -> None:
    for _ in range(3):
        spool.append(report, {})
    assert sender(state, collector).drain().acknowledged == 3
    assert sender(state, collector).drain().status == "nothing", "what was answered for is not sent again"
    assert spool.load().count == 3
    Answered(state).apply(spool)
    assert spool.load().count == 0
    spool.append(report, {})
    assert sender(state, collector).drain().acknowledged == 1
    assert [number for _, number in collector.taken] == [1, 2, 3, 4]
    assert os.path.dirname(state.sent) == state.sender
    assert os.path.exists(state.sent)


def test_a_wait_and_a_learnt_clock_outlast_the_senders_process(
    state: State, spool: Spool, collector: Collector
) -> None:
    spool.append(report, {})
    collector.clock = lambda: time.time() + 400
    collector.react = collector.each("throttled")
    assert sender(state, collector).send().status == "throttled"
    assert not sender(state, collector).due()
    Answered(state).apply(spool)
    offset = spool.number("clock_offset")
    assert offset is not None
    assert 390 < offset < 410
    assert spool.note("next_at") == "", "waits are the sender's own"


def test_answers_that_were_lost_cost_a_second_sending_and_no_report(
    state: State, spool: Spool, collector: Collector
) -> None:
    spool.append(report, {})
    sender(state, collector).drain()
    Path(state.answers).write_bytes(b"")
    assert sender(state, collector).drain().acknowledged == 1, "the collector knows it, and says so"
    Answered(state).apply(spool)
    assert spool.load().count == 0


def test_an_epoch_that_began_anew_is_not_answered_for_by_the_old_one(state: State, spool: Spool) -> None:
    spool.append(report, {})
    old = Outbox(state, DEVICE)
    epoch = old.waiting()[0].epoch
    spool.close()
    os.unlink(state.spool)
    os.unlink(f"{state.spool}.mark")
    anew = Spool(state.spool, DEVICE, time.time, mends=True)
    anew.append(report, {})
    assert old.acknowledge(epoch, [1]) == 0
    assert [it.sequence for it in old.waiting()] == [1]
    Answered(state).apply(anew)
    assert anew.load().count == 1
    anew.close()


def test_a_report_whose_bytes_rotted_is_told_as_lost(state: State, spool: Spool) -> None:
    for _ in range(2):
        spool.append(report, {})
    spool._db.execute("update report set body = x'00' where sequence = 1")
    assert numbers(state) == [2]
    Answered(state).apply(spool)
    assert [(it.first_lost, it.last_lost) for it in spool.take_resets()] == [(1, 1)]


def test_a_spool_that_changes_while_it_is_read_without_a_log_is_not_believed(state: State, spool: Spool) -> None:
    spool.append(report, {})
    spool.close()
    box = Outbox(state, DEVICE)

    def read_while_it_changes() -> None:
        with box._reading():
            other = Spool(state.spool, DEVICE, time.time, mends=True)
            other.append(report, {})
            other.close()

    with pytest.raises(SpoolError, match="began to write"):
        read_while_it_changes()
    assert numbers(state) == [1, 2]


def test_a_spool_that_is_not_there_or_damaged_is_told(state: State) -> None:
    with pytest.raises(SpoolError, match="there is no spool yet"):
        Outbox(state, DEVICE)
    Path(state.spool).write_bytes(b"no database" * 1_000)
    with pytest.raises(DamagedSpool):
        Outbox(state, DEVICE)


def test_a_folder_that_cannot_be_written_is_told_and_loses_nothing(state: State, spool: Spool) -> None:
    spool.append(report, {})
    box = Outbox(state, DEVICE)
    os.rename(state.sender, f"{state.sender}.gone")
    with pytest.raises(SpoolError, match="cannot be kept"):
        box.acknowledge(spool.epoch, [1])
    assert spool.load().count == 1


@given(st.sets(st.integers(1, 300)))
def test_ranges_say_the_same_as_the_numbers(numbers: set[int]) -> None:
    ranges = outbox._ranges(numbers)
    assert outbox._numbers(ranges) == numbers
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(ranges))


def test_a_range_as_long_as_a_number_can_be_is_not_counted_out() -> None:
    assert len(outbox._numbers([(1, 1 << 53), (5, 1 << 53)])) <= 1 << 17


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_no_bytes_become_answers_out_of_their_bounds(data: bytes) -> None:
    try:
        answers = msgspec.json.decode(data, type=Answers)
    except msgspec.MsgspecError:
        return
    assert len(answers.taken) <= 4096
