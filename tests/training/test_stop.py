"""Signals: before step 1 they end a run at once, then they wait for the end of its step."""

import signal

import pytest

from training.stop import stop_requests


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_what_has_taken_no_step_and_asks_what_has(number):
    before = signal.getsignal(number)
    with stop_requests() as stop:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert stop.asked is None
        stop.waits = True
        signal.raise_signal(number)
        assert stop.asked == number
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_does_not_wait():
    with stop_requests() as stop:
        stop.waits = True
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
