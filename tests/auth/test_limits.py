"""How often somebody may guess."""

from __future__ import annotations

import threading

from footprint.auth import limits
from footprint.auth.limits import Limiter


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_attempts_are_free_up_to_the_limit_and_then_wait_for_the_oldest_to_pass() -> None:
    clock = Clock()
    limiter = Limiter(3, window_s=60, clock=clock)
    for _ in range(3):
        assert limiter.take("ann") == 0
        clock.now += 10

    # The first was 30 s ago and counts for 60 s.
    assert limiter.take("ann") == 30
    clock.now += 29.5
    assert limiter.take("ann") == 1
    clock.now += 0.5
    assert limiter.take("ann") == 0


def test_waiting_is_not_made_longer_by_trying() -> None:
    clock = Clock()
    limiter = Limiter(1, window_s=60, clock=clock)
    limiter.take("ann")
    for _ in range(100):
        limiter.take("ann")

    clock.now += 60
    assert limiter.take("ann") == 0


def test_one_name_does_not_wait_for_another() -> None:
    limiter = Limiter(1)
    limiter.take("ann")

    assert limiter.take("ann") > 0
    assert limiter.take("bob") == 0


def test_an_attempt_that_was_no_failure_is_given_back() -> None:
    limiter = Limiter(1)
    limiter.take("ann")
    limiter.give_back("ann")

    assert limiter.take("ann") == 0


def test_a_success_forgets_all_failures() -> None:
    limiter = Limiter(2)
    limiter.take("ann")
    limiter.take("ann")
    limiter.forget("ann")

    assert [limiter.take("ann") for _ in range(2)] == [0, 0]


def test_a_hundred_attempts_at_once_pass_no_more_than_the_limit() -> None:
    limiter = Limiter(10)
    begin = threading.Barrier(100)
    waits: list[int] = []

    def attempt() -> None:
        begin.wait()
        waits.append(limiter.take("ann"))

    threads = [threading.Thread(target=attempt) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert waits.count(0) == 10


def test_memory_is_bounded_and_names_are_not_kept() -> None:
    limiter = Limiter(1)
    for number in range(limits.CAPACITY + 500):
        limiter.take(f"{number}@example.org")

    assert len(limiter._attempts) == limits.CAPACITY
    assert not any(b"example" in name for name in limiter._attempts)
