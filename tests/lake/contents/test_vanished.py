"""The keys that are gone are those a set of Python finds, whatever the order and the age of the files."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakesmith.errors import StorageUnavailableError
from lakesmith.lake.contents.vanished import Compared, find_vanished
from lakesmith.lake.numbering import number_schema
from lakesmith.lake.stores.store import FolderStore
from lakesmith.lake.types import schema_to_arrow
from lakesmith.model.types import INT, LONG, STRING, Field, List, Schema

SCHEMA = number_schema(None, 0, Schema((Field("id", LONG), Field("shop", STRING), Field("tags", List(STRING)))))
IDS = {field.name: field.id for field in SCHEMA}


def write(path, rows, schema=SCHEMA):
    pq.write_table(pa.Table.from_pylist(rows, schema=schema_to_arrow(schema)), path, store_schema=False)
    return str(path)


def image(seq, op, key, shop=None):
    return {"_ls_seq": seq, "_ls_op": op, "id": key, "shop": shop}


def staged(key, shop=None):
    return image(0, "r", key, shop)


def vanished(folder, files, new, key=("id",), schema=SCHEMA, origins=None):
    compared = Compared(files, new, schema, key, origins)
    batches = list(find_vanished(FolderStore(str(folder)), compared))
    return [row for batch in batches for row in batch.to_pylist()], batches


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("keys")


KEYS = st.none() | st.integers(0, 3)
SHOPS = st.none() | st.sampled_from(["", "a"])
IMAGES = st.tuples(st.sampled_from("rrcuddt"), KEYS, SHOPS)


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(IMAGES, max_size=12), st.lists(st.tuples(KEYS, SHOPS), max_size=6), st.randoms())
def test_the_keys_are_those_that_python_finds(folder, images, new, chance):
    living = {}
    for op, key, shop in images:
        if op == "t":
            living.clear()
        elif op == "d":
            living.pop((key, shop), None)
        else:
            living[key, shop] = True
    rows = [image(seq, op, *((None, None) if op == "t" else key)) for seq, (op, *key) in enumerate(images, 1)]
    chance.shuffle(rows)
    files = [write(folder / f"{at}.parquet", part) for at, part in enumerate((rows[:5], rows[5:]))]
    found, batches = vanished(
        folder, files, [write(folder / "new.parquet", [staged(*key) for key in new])], ("id", "shop")
    )
    expected = [{"id": key, "shop": shop, "tags": None} for key, shop in living.keys() - set(new)]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert all(batch.schema.equals(schema_to_arrow(SCHEMA.data)) for batch in batches)


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(IMAGES, st.sampled_from("ab")), max_size=12),
    st.lists(st.tuples(KEYS, SHOPS), max_size=6),
    st.sets(st.sampled_from("abc")),
    st.randoms(),
)
def test_only_keys_whose_current_row_came_from_an_origin_count(folder, images, new, origins, chance):
    living = {}
    for (op, key, shop), origin in images:
        if op == "t":
            living.clear()
        elif op == "d":
            living.pop((key, shop), None)
        else:
            living[key, shop] = origin
    rows = [
        image(seq, op, *((None, None) if op == "t" else key)) | {"_ls_source": origin}
        for seq, ((op, *key), origin) in enumerate(images, 1)
    ]
    chance.shuffle(rows)
    files = [write(folder / f"{at}.parquet", part) for at, part in enumerate((rows[:5], rows[5:]))]
    staged_files = [write(folder / "new.parquet", [staged(*key) for key in new])]
    found, _ = vanished(folder, files, staged_files, ("id", "shop"), origins=origins)
    gone = {key for key, origin in living.items() if origin in origins} - set(new)
    assert sorted(((row["id"], row["shop"]) for row in found), key=str) == sorted(gone, key=str)


def test_old_files_have_other_names_and_narrower_types_and_lack_columns(folder):
    old = Schema(
        tuple(
            Field("ident" if field.name == "id" else field.name, INT if field.name == "id" else field.type, id=field.id)
            for field in SCHEMA
            if field.name != "shop"
        )
    )
    file = write(folder / "old.parquet", [{"ident": at, "_ls_seq": at, "_ls_op": "r"} for at in range(1, 5)], old)
    new = write(folder / "new.parquet", [staged(2), staged(3), staged(4, "a")])
    found, _ = vanished(folder, [file], [new], ("id", "shop"))
    assert sorted(row["id"] for row in found) == [1, 4]


def test_an_empty_copy_makes_every_key_vanish(folder):
    file = write(folder / "a.parquet", [image(1, "r", 7), image(2, "r", None), image(3, "d", 8)])
    found, _ = vanished(folder, [file], [])
    assert sorted((row["id"] for row in found), key=str) == [7, None]
    assert vanished(folder, [], [file])[0] == []


@pytest.mark.parametrize("key", [(), ("nope",), ("id", "nope"), ("tags",)])
def test_a_key_that_is_none_is_refused(folder, key):
    with pytest.raises(ValueError, match="is no key of"):
        vanished(folder, [], [], key)


def test_a_file_that_is_gone_is_named(folder):
    with pytest.raises(StorageUnavailableError, match="A file cannot be used"):
        vanished(folder, [str(folder / "gone.parquet")], [])


LARGE = """
import resource, sys
import pyarrow as pa, pyarrow.parquet as pq
from pathlib import Path
from test_vanished import SCHEMA, schema_to_arrow, vanished, Compared, find_vanished, FolderStore
folder, count = Path(sys.argv[1]), int(sys.argv[2])
step = 1_000_000
arrow = schema_to_arrow(SCHEMA)
def write(name, less):
    with pq.ParquetWriter(folder / name, arrow, store_schema=False) as out:
        for start in range(0, count, step):
            ids = pa.arange(start, start + step)
            ids = ids.filter(pa.array([at % 10 > 0 for at in range(step)])) if less else ids
            columns = {"id": ids, "_ls_seq": ids, "_ls_op": pa.repeat("r", len(ids))}
            out.write_table(pa.table([columns.get(f.name, pa.nulls(len(ids), f.type)) for f in arrow], schema=arrow))
            del ids, columns
    return str(folder / name)
files = [write("old.parquet", False)]
new = [write("new.parquet", True)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
compared = Compared(files, new, SCHEMA, ("id",))
total = sum(batch.num_rows for batch in find_vanished(FolderStore(str(folder)), compared))
print(total, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.long
def test_ten_million_keys_stay_below_512_mb(tmp_path):
    here = Path(__file__).parent
    run = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path), "10000000"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{here}:{here.parent}"},
    )
    total, _, peak_mb = map(int, run.stdout.split())
    assert total == 1_000_000
    assert peak_mb < 512
