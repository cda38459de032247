"""A file far away reads as the same bytes in memory do, wherever one jumps and however often the line breaks."""

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.errors import StorageUnavailableError
from lakesmith.sources.files import FilesOptions
from lakesmith.sources.files.places import connection, far_file
from lakesmith.sources.files.places.address import Address
from lakesmith.sources.files.places.faults import UnreachableFaultError
from lakesmith.sources.files.places.place import Status
from lakesmith.sources.files.places.remote import RemotePlace

CONTENT = random.Random(7).randbytes(5_000_000)


class Line:
    """A place with one file, whose transfers give short pieces and break where they are told to."""

    is_atomic = True

    def __init__(self, breaks: list[int], window: int | None) -> None:
        self.window, self.breaks, self.asked = window, breaks, []

    def list(self, folder):
        raise AssertionError(folder)

    def status(self, name):  # noqa: ARG002
        return Status(len(CONTENT), 1, "tag")

    def stream(self, name, span, version):
        assert (name, version) == ("a", "tag")
        assert 0 <= span[0] < span[1] <= len(CONTENT)
        assert self.window is None or span[1] - span[0] <= max(self.window, far_file.FIRST_BYTES)
        self.asked.append(span)
        return Transfer(CONTENT[span[0] : span[1]], self.breaks.pop() if self.breaks else None)


class Transfer(io.BytesIO):
    def __init__(self, part: bytes, break_at: int | None) -> None:
        super().__init__(part)
        self._break_at = break_at

    def read(self, size=-1, /):
        if self._break_at is not None and self.tell() >= self._break_at:
            raise UnreachableFaultError
        return super().read(min(size, 300_000))


def opened(breaks=(), window=None):
    line = Line(list(breaks), window)
    address = Address.of(FilesOptions(root="s3://drops"), "lakesmith.yml:3")
    return RemotePlace(address, lambda: line).open("a"), line


jumps = st.lists(st.tuples(st.integers(0, len(CONTENT) + 10), st.integers(1, 2_500_000)), min_size=1, max_size=6)


@pytest.mark.long
@settings(deadline=None, max_examples=25)
@given(jumps, st.lists(st.integers(1, 1_500_000), max_size=2), st.sampled_from([None, 1_500_000]))
def test_any_jump_reads_what_is_there(jumps, breaks, window):
    file, _ = opened(breaks, window)
    plain = io.BytesIO(CONTENT)
    for offset, size in jumps:
        assert file.seek(offset) == plain.seek(offset)
        assert file.read(size) == plain.read(size)
        assert file.tell() == plain.tell()


def test_all_of_it_is_two_requests_and_its_end_is_one():
    file, line = opened()
    assert file.read() == CONTENT
    assert line.asked == [(0, far_file.FIRST_BYTES), (far_file.FIRST_BYTES, len(CONTENT))]
    file, line = opened()
    file.seek(-100, io.SEEK_END)
    assert file.read() == CONTENT[-100:]
    assert line.asked == [(len(CONTENT) - 100, len(CONTENT))]


def test_a_line_that_never_holds_is_given_up_after_some_attempts():
    file, line = opened([0] * 20)
    with pytest.raises(StorageUnavailableError, match=r"does not answer(.|\n)*where: s3://drops/a, lakesmith\.yml:3"):
        file.read(10)
    assert len(line.asked) == connection.ATTEMPTS
