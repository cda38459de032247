"""Content in pieces, read in whatever sizes: nothing is lost, doubled or out of order."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.sources.files.reading.tape import LooseTape, WholeTape, digest_of
from lakesmith.sources.files.unpacking.pieces import Pieces, ahead, pieces_of, spooled, view

CONTENT = st.lists(st.binary(max_size=20), max_size=12)
STEPS = st.lists(st.tuples(st.sampled_from(["read", "peek"]), st.integers(0, 30)), max_size=20)


@given(CONTENT, STEPS)
def test_pieces_are_read_as_a_file_would_be(pieces: list[bytes], steps: list[tuple[str, int]]) -> None:
    content, oracle = Pieces(iter(pieces)), io.BufferedReader(io.BytesIO(b"".join(pieces)), 1000)
    for what, size in steps:
        assert getattr(content, what)(size) == (oracle.read(size) if what == "read" else oracle.peek()[:size])
    assert b"".join(content) == oracle.read()


@given(CONTENT, st.integers(1, 30))
def test_a_loose_tape_knows_its_end_and_a_whole_one_its_hash(pieces: list[bytes], size: int) -> None:
    whole = b"".join(pieces)
    for tape in (LooseTape(Pieces(iter(pieces))), WholeTape(io.BytesIO(whole), len(whole))):
        taken = b""
        while not tape.at_end:
            piece = tape.read(size)
            taken += piece
            assert len(piece) == size or tape.at_end
        assert taken == whole
        assert tape.position == len(whole)
    assert tape.digest(len(whole)) == digest_of(io.BytesIO(whole), len(whole))


@given(CONTENT)
def test_what_is_unpacked_ahead_comes_in_order(pieces: list[bytes]) -> None:
    with ahead(iter(pieces)) as taken:
        assert list(taken) == pieces


def test_a_fault_met_ahead_comes_where_it_belongs() -> None:
    def faulty():
        yield b"a"
        raise ValueError("broken here")

    with ahead(faulty()) as taken:
        assert next(taken) == b"a"
        with pytest.raises(ValueError, match="broken here"):
            next(taken)


@given(CONTENT, st.lists(st.tuples(st.booleans(), st.integers(0, 100), st.integers(0, 20)), max_size=10))
def test_two_views_of_a_copy_do_not_disturb_each_other(pieces: list[bytes], steps: list[tuple[bool, int, int]]) -> None:
    whole = b"".join(pieces)
    with spooled(iter(pieces)) as copy:
        views = [(view(copy), io.BytesIO(whole)) for _ in range(2)]
        for first, at, size in steps:
            mine, oracle = views[first]
            mine.seek(at)
            oracle.seek(at)
            assert mine.read(size) == oracle.read(size)
        assert [mine.seek(0, io.SEEK_END) for mine, _ in views] == [len(whole)] * 2


def test_pieces_of_a_file_are_all_of_it() -> None:
    content = bytes(range(256)) * 10_000
    assert next(pieces_of(io.BytesIO(content))) == content[: 1024 * 1024]
    assert b"".join(pieces_of(io.BytesIO(content))) == content
