import signal
import subprocess
import sys
import threading

import pytest

from lakesmith.host.stop import Stop, StopRequestedError


def test_a_safe_point_is_passed_until_somebody_asks():
    stop = Stop()
    stop.check()
    stop.request()
    assert stop.requested
    with pytest.raises(StopRequestedError, match=r"^$"):
        stop.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_insists(number):
    program = """
import os, signal, sys
from lakesmith.host.stop import Stop
stop, number = Stop(), int(sys.argv[1])
if number == signal.SIGINT:
    signal.signal(number, signal.default_int_handler)  # whoever started the tests may have it ignored (nohup, cron)
with stop.listening():
    os.kill(os.getpid(), number)
    print(stop.requested, flush=True)
    os.kill(os.getpid(), number)
    print("never", flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(int(number))], capture_output=True, text=True, check=False
    )
    assert done.stdout == "True\n"
    assert done.returncode == -number


def test_handlers_are_given_back():
    before = signal.getsignal(signal.SIGINT)
    with Stop().listening():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_thread_listens_to_nothing():
    seen = []

    def work():
        with Stop().listening():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
