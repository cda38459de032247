import os
import sys
import time

import pytest

from lakesmith.host.processes import running


def test_lines_and_code_of_a_child(tmp_path):
    program = "import os, sys; print(os.environ['X']); print(os.getcwd()); print('no', file=sys.stderr); sys.exit(3)"
    with running([sys.executable, "-c", program], cwd=tmp_path, env={"X": "ä"}) as child:
        assert list(child.lines()) == ["ä", str(tmp_path)]
        assert child.code == 3
    assert child.errors == ["no"]


def test_bytes_that_are_no_text_do_not_stop_the_reading(tmp_path):
    program = "import sys; sys.stdout.buffer.write(b'\\xff\\n')"
    with running([sys.executable, "-c", program], cwd=tmp_path) as child:
        assert list(child.lines()) == ["\ufffd"]


def test_a_child_ends_when_it_is_left(tmp_path):
    program = "import time; print('up', flush=True); time.sleep(60)"
    began = time.monotonic()
    with pytest.raises(ValueError, match="left"), running([sys.executable, "-c", program], cwd=tmp_path) as child:
        raise ValueError(next(child.lines()).replace("up", "left"))
    assert time.monotonic() - began < 8
    with pytest.raises(ProcessLookupError, match="No such process"):
        os.kill(child.process.pid, 0)
