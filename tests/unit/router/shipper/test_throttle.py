"""When publishing is throttled: only while it must wait for a processor, the spool has room, and not for long."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from router.shipper.throttle import MAX_WAIT_S, SCHEDSTAT, BacklogThrottle, CpuTimes, read_cpu_times

ROOM = 1000
MS = 1_000_000


@dataclass
class Machine:
    """One whose processors are as busy as the test says."""

    times: CpuTimes = field(default_factory=CpuTimes)

    def run_on(self, run_ms: int, wait_ms: int) -> None:
        self.times = CpuTimes(self.times.run_ns + run_ms * MS, self.times.wait_ns + wait_ms * MS)

    def read(self) -> CpuTimes:
        return self.times


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def throttle(machine: Machine) -> BacklogThrottle:
    return BacklogThrottle(ROOM, machine.read)


def test_with_processors_to_spare_nothing_waits(machine: Machine, throttle: BacklogThrottle) -> None:
    for second in range(200):
        machine.run_on(run_ms=10, wait_ms=2)
        assert not throttle.should_wait(0, float(second))


def test_a_burst_comes_first_for_a_minute_and_then_no_more(machine: Machine, throttle: BacklogThrottle) -> None:
    waited = []
    for second in range(200):
        machine.run_on(run_ms=1, wait_ms=9)
        waited.append(throttle.should_wait(0, float(second)))
    assert waited == [second <= MAX_WAIT_S for second in range(200)]


def test_after_a_burst_the_log_is_written_at_once_and_the_next_may_come_first_again(
    machine: Machine, throttle: BacklogThrottle
) -> None:
    for second in range(100):
        machine.run_on(run_ms=1, wait_ms=9)
        throttle.should_wait(0, float(second))
    answers = []
    for second in range(100, 110):
        machine.run_on(run_ms=20, wait_ms=1)
        answers.append(throttle.should_wait(0, float(second)))
    assert answers == [False] * 10
    throttle.caught_up()
    machine.run_on(run_ms=1, wait_ms=99)
    assert throttle.should_wait(0, 110.0)


def test_moments_with_processors_to_spare_do_not_make_the_minute_longer(
    machine: Machine, throttle: BacklogThrottle
) -> None:
    waited = []
    for second in range(200):
        machine.run_on(run_ms=1000 if second % 20 == 10 else 1, wait_ms=0 if second % 20 == 10 else 9000)
        waited.append(throttle.should_wait(0, float(second)))
    assert True in waited
    assert True not in waited[int(MAX_WAIT_S) + 1 :]


def test_a_quarter_of_the_disk_is_all_that_waits(machine: Machine, throttle: BacklogThrottle) -> None:
    machine.run_on(run_ms=1, wait_ms=9)
    assert throttle.should_wait(ROOM // 4, 0.0)
    machine.run_on(run_ms=1, wait_ms=9)
    assert not throttle.should_wait(ROOM // 4 + 1, 1.0)
    machine.run_on(run_ms=1, wait_ms=9)
    assert not throttle.should_wait(0, 2.0), "until the backlog is gone"


@pytest.mark.skipif(not SCHEDSTAT.exists(), reason="this kernel does not count")
def test_the_kernel_counts() -> None:
    before = read_cpu_times()
    sum(range(2_000_000))
    assert read_cpu_times().run_ns > before.run_ns
