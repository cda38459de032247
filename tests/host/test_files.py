import errno
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.errors import StorageFullError, StorageUnavailableError
from lakesmith.host.files import storage_errors, write_atomically


@given(content=st.one_of(st.binary(), st.text()))
def test_what_is_written_is_what_is_read(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "folder" / "file"
    write_atomically(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.long
def test_readers_see_the_old_content_or_the_new_and_never_a_part(tmp_path):
    path = tmp_path / "file"
    sizes = (100_000, 300_000)
    write_atomically(path, b"a" * sizes[0])
    program = """
import sys
from pathlib import Path
from lakesmith.host.files import write_atomically
for turn in range(200):
    write_atomically(Path(sys.argv[1]), (b"a" * 100_000, b"b" * 300_000)[turn % 2])
"""
    seen = set()
    with subprocess.Popen([sys.executable, "-c", program, str(path)]) as writer:
        while writer.poll() is None:
            content = path.read_bytes()
            seen.add((len(content), len(set(content))))
    assert seen <= {(sizes[0], 1), (sizes[1], 1)}
    assert writer.returncode == 0


def test_a_killed_writer_leaves_the_old_content(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, "old")
    program = """
import os, sys
from pathlib import Path
from lakesmith.host import files
files.os.fsync = lambda _: os.kill(os.getpid(), 9)
files.write_atomically(Path(sys.argv[1]), "new")
"""
    killed = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert killed.returncode == -9
    assert path.read_text() == "old"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110
def test_a_full_disk_says_that_nothing_became_visible():
    with (
        pytest.raises(StorageFullError, match="disk is full; nothing of this batch became visible") as caught,
        storage_errors("lake/x.parquet"),
        open("/dev/full", "w") as file,  # noqa: PTH123
    ):
        file.write("x")
    assert caught.value.where == "lake/x.parquet"


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        StorageUnavailableError, match=r"A file cannot be used: (Not a directory|File exists)"
    ) as caught:
        write_atomically(tmp_path / "file" / "below", "x")
    assert caught.value.where == str(tmp_path / "file" / "below")
    assert isinstance(caught.value.__cause__, OSError)


def test_a_quota_counts_as_a_full_disk():
    with pytest.raises(StorageFullError, match="disk is full"), storage_errors("x"):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")
