"""Large checkpoints lie aside, whole or as what changed, and are believed only if their hashes are right."""

import gzip
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lake_loading import STREAM, make_position, make_rows, open_batch, open_lake, read_back, resume, without_system

from lakesmith.errors import CatalogBrokenError
from lakesmith.lake.catalogs.pointers import read_metadata
from lakesmith.lake.positions import sidecars
from lakesmith.lake.positions.checkpoints import name_sidecars
from lakesmith.lake.positions.sidecars import COMMITS_PER_BASE, INLINE_BYTES, Reference, Sidecars, read_outline
from lakesmith.lake.stores.store import FolderStore
from lakesmith.model.loads import Checkpoint

FILES = 200


@pytest.fixture(autouse=True)
def forget():
    """Start as a new process does: nothing read yet."""
    sidecars._memory.base = sidecars._memory.checkpoint = None
    return forget


@pytest.fixture
def aside(tmp_path):
    return Sidecars(FolderStore(str(tmp_path)), str(tmp_path))


def at(ordinal, position, **rest):
    return Checkpoint(STREAM, position, ordinal, **rest)


def ledger(size, salt=""):
    hashes = {f"f{n:06d}": hashlib.sha256(f"{n}{salt}".encode()).hexdigest() for n in range(size)}
    return json.dumps(hashes, separators=(",", ":")).encode()


def reread(aside, said):
    sidecars._memory.base = sidecars._memory.checkpoint = None
    return aside.read(said)


def test_the_border_is_at_4_kb(aside, tmp_path):
    room = INLINE_BYTES - len(at(1, b"").encode())
    small, large = at(1, b"x" * room), at(1, b"x" * (room + 1))
    assert aside.write("aa", small) == small.encode()
    assert list(tmp_path.iterdir()) == []
    said = aside.write("aa", large)
    assert len(said) < 600
    assert reread(aside, said) == large
    assert aside.read(small.encode()) == small


@pytest.mark.long
def test_a_row_of_commits_is_one_base_and_small_deltas(aside, tmp_path):
    said, told = None, []
    for ordinal in range(1, 2 * COMMITS_PER_BASE + 5):
        position = ledger(1000)[:-1] + b',"next":%d}' % ordinal
        checkpoint = at(ordinal, position, generation=1, config_hash="c", open_splits=("s",))
        said = aside.write("aa", checkpoint, said)
        told.append((checkpoint, said))
    references = [Reference.decode(said) for _, said in told]
    assert [n for n, reference in enumerate(references) if reference.base is None] == [0, 101, 202]
    assert max(reference.own.size_bytes for reference in references if reference.base) < 300
    assert references[50].base == references[0].own
    for checkpoint, said in told[::17]:
        assert reread(aside, said) == checkpoint
        assert read_outline(said) == replace(checkpoint, position=b"", open_splits=())
        assert Reference.decode(said).entries == 1001
    assert len(list((tmp_path / "aa").iterdir())) == len(told)


def test_deltas_that_outweigh_their_base_are_followed_by_a_new_one(aside):
    said, bases = None, 0
    for ordinal in range(1, 10):
        checkpoint = at(ordinal, ledger(300, salt=str(ordinal // 2)))
        said = aside.write("aa", checkpoint, said)
        bases += Reference.decode(said).base is None
        assert reread(aside, said) == checkpoint
    assert 4 <= bases <= 6


@pytest.mark.parametrize(
    "position",
    [
        b"[" + b"1," * 5000 + b"1]",
        b"no json " * 1000,
        b'{"b": ' + b"1" * 5000 + b"}",
        b'{"b":"' + rb"\ud800" * 999 + b'"}',
    ],
)
def test_any_position_survives(aside, position):
    first, second = at(1, position), at(2, position + b" ")
    said = aside.write("aa", first)
    after = aside.write("aa", second, said)
    assert (reread(aside, said), reread(aside, after)) == (first, second)


@pytest.mark.parametrize("value", [1, 1.0, True, -0.0])
def test_values_that_python_holds_for_equal_are_kept_apart(aside, value):
    def position(last):
        return json.dumps({**json.loads(ledger(300)), "x": last}, sort_keys=True, separators=(",", ":")).encode()

    said = aside.write("aa", at(1, position(1)))
    assert reread(aside, aside.write("aa", at(2, position(value)), said)).position == position(value)


def test_the_same_again_writes_the_same_objects(aside, tmp_path):
    before = aside.write("aa", at(1, ledger(300)))
    assert aside.write("aa", at(2, ledger(301)), before) == aside.write("aa", at(2, ledger(301)), before)
    assert len(list((tmp_path / "aa").iterdir())) == 2


DAMAGES = {
    "is missing": lambda path: path.unlink(),
    "has 3 bytes": lambda path: path.write_bytes(b"abc"),
    "its hash is another": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"x"),
}


@pytest.mark.parametrize("which", ["own", "base"])
@pytest.mark.parametrize("words", DAMAGES)
def test_a_damaged_object_stops_the_reader(aside, tmp_path, which, words):
    said = aside.write("aa", at(2, ledger(301)), aside.write("aa", at(1, ledger(300))))
    DAMAGES[words](tmp_path / getattr(Reference.decode(said), which).path)
    with pytest.raises(CatalogBrokenError, match=f"(?s){words}.*restore the object from a backup"):
        reread(aside, said)


def test_a_base_that_went_missing_is_noticed_by_a_process_that_knows_it(aside, tmp_path):
    said = aside.write("aa", at(1, ledger(300)))
    (tmp_path / Reference.decode(said).own.path).unlink()
    with pytest.raises(CatalogBrokenError, match="is missing"):
        aside.write("aa", at(2, ledger(301)), said)
    with pytest.raises(CatalogBrokenError, match="is missing"):
        aside.read(said)


@pytest.mark.parametrize("path", ["../../etc/passwd", "aa/1-x.json.gz", "/aa/1-" + "0" * 64 + ".json.gz"])
def test_a_path_that_is_none_of_ours_is_refused(aside, path):
    said = json.loads(aside.write("aa", at(1, ledger(300))))
    with pytest.raises(ValueError, match="another name than Lakesmith gives"):
        aside.read(json.dumps({**said, "sidecar": path}))


def test_a_table_with_large_checkpoints_loads_resumes_and_names_its_objects(lake, table):
    resume(table, 4, FILES)
    sidecars._memory.base = sidecars._memory.checkpoint = None
    head = table.head()
    assert head.checkpoint.position == make_position(3, FILES)
    assert without_system(read_back(lake)) == [row for number in range(4) for row in make_rows(number)]
    metadata = read_metadata(table.services.store, head.metadata_path)
    own = Path(lake.root) / "_lakesmith" / head.table_uuid
    assert name_sidecars(metadata, table.services.sidecars) == {str(path) for path in own.iterdir()}
    assert len(list(own.iterdir())) == 4
    assert len(json.dumps(metadata.raw)) < 15_000
    assert [commit.checkpoint.ordinal for commit in table.history()] == [4, 3, 2, 1]


def test_a_commit_returns_its_whole_checkpoint(table):
    opened = open_batch(table, 0, files=FILES)
    assert opened.commit().checkpoint == opened.commit().checkpoint == opened.batch.checkpoint


def test_a_table_whose_checkpoint_is_damaged_is_not_loaded(lake, table):
    resume(table, 2, FILES)
    (whole,) = (Path(lake.root) / "_lakesmith").glob("*/1-*.json.gz")
    whole.write_bytes(gzip.compress(b"{}", mtime=0))
    sidecars._memory.base = sidecars._memory.checkpoint = None
    with pytest.raises(CatalogBrokenError, match=r"(?s)lies in an object of its own.*roll the table back"):
        resume(table, 3, FILES)


def test_a_head_with_a_large_checkpoint_imports_nothing_heavy(lake, table):
    resume(table, 2, FILES)
    code = (
        "import sys, pathlib; from lakesmith.lake import Lake; from lakesmith.host import Host;"
        "from lakesmith.model.streams import StreamId;"
        f"head = Lake(pathlib.Path({lake.root!r}), Host()).table(StreamId('app', 'orders')).head();"
        "print(head.checkpoint.ordinal, [m for m in ('pyarrow', 'pyiceberg', 'polars', 'duckdb') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "2 []"


def test_the_table_repeats_the_hash_of_the_whole_checkpoint(lake, table):
    resume(table, 2, FILES)
    catalog = lake.open_catalog()
    with catalog.load_table((STREAM.source, STREAM.name)).transaction() as change:
        said = json.loads(change.table_metadata.properties["lakesmith.checkpoint-ref"])
        change.set_properties({"lakesmith.checkpoint-ref": json.dumps({**said, "sha256": "0" * 64})})
    with pytest.raises(CatalogBrokenError, match="its hash is another than the table repeats"):
        open_lake(Path(lake.root)).table(STREAM).head()
