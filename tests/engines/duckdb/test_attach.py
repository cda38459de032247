"""Bronze attached by field id: renamed, added, dropped and added again at every depth; pyiceberg is the oracle."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal as Number
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakesmith.engines.duckdb import DuckDBEngine
from lakesmith.errors import BuildFileBusyError, ConfigError, StorageUnavailableError
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.streams import StreamId
from lakesmith.model.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    Decimal,
    Field,
    List,
    Map,
    Schema,
    Struct,
)

EVERY_TYPE = Schema(
    (
        Field("b", BOOLEAN, id=1),
        Field("i", INT, id=2),
        Field("l", LONG, id=3),
        Field("f", FLOAT, id=4),
        Field("d", DOUBLE, id=5),
        Field("dec", Decimal(38, 4), id=6),
        Field("day", DATE, id=7),
        Field("ts", TIMESTAMP, id=8),
        Field("tz", TIMESTAMPTZ, id=9),
        Field("s", STRING, id=10),
        Field("bin", BINARY, id=11),
        Field("odd \"ñame' 表", STRING, id=12),
        Field("st", Struct((Field("select", INT, id=14), Field("a b", List(STRING, 16), id=15))), id=13),
        Field("m", Map(STRING, List(Struct((Field("x", INT, id=21),)), 20), 18, 19), id=17),
    )
)
EVERY_TYPE_ROW = {
    "b": True,
    "i": -(2**31),
    "l": 2**63 - 1,
    "f": 0.5,
    "d": 0.1,
    "dec": Number("1234567890123456789012345678901234.5678"),
    "day": date(1969, 12, 31),
    "ts": datetime(2026, 3, 29, 2, 30, 0, 123456),  # noqa: DTZ001 - a timestamp without zone is what is tested
    "tz": datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=UTC),
    "s": "zoë",
    "bin": b"\x00\xff",
    "odd \"ñame' 表": "here",
    "st": {"select": 1, "a b": ["x", None]},
    "m": [("k", [{"x": 1}, {"x": None}])],
}


def arrow(field: Field) -> pa.Field:
    """The Arrow field of a bronze field, written here again so that the engine's own spelling is not its judge."""
    scalars = {
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "timestamptz": pa.timestamp("us", "UTC"),
        "string": pa.string(),
        "binary": pa.binary(),
    }
    match field.type:
        case Struct(fields):
            kind = pa.struct([arrow(part) for part in fields])
        case List(element, element_id):
            kind = pa.list_(arrow(Field("element", element, id=element_id)))
        case Map(key, value, key_id, value_id):
            key_field = arrow(Field("key", key, id=key_id)).with_nullable(False)
            kind = pa.map_(key_field, arrow(Field("value", value, id=value_id)))
        case Decimal(precision, scale):
            kind = pa.decimal128(precision, scale)
        case _:
            kind = scalars[field.type.name]
    return pa.field(field.name, kind, metadata={"PARQUET:field_id": str(field.id)})


def write(path: Path, schema: Schema, rows: list[dict]) -> str:
    pq.write_table(pa.Table.from_pylist(rows, pa.schema([arrow(field) for field in schema])), path)
    return str(path)


def snapshot(schema: Schema, *files: str, stream: str = "app.orders") -> BronzeSnapshot:
    return BronzeSnapshot(StreamId.parse(stream), 1, schema, files)


def rows(engine: DuckDBEngine, relation: str) -> list[dict]:
    return engine.query(f"SELECT * FROM {relation}", where="build").read_all().to_pylist()


def test_every_type_comes_back_as_written(engine, root):
    file = write(root / "a 'b'.parquet", EVERY_TYPE, [EVERY_TYPE_ROW, dict.fromkeys(EVERY_TYPE.names)])
    engine.attach([snapshot(EVERY_TYPE, file)])
    assert rows(engine, "bronze_app.orders") == [EVERY_TYPE_ROW, dict.fromkeys(EVERY_TYPE.names)]


def test_a_table_without_files_has_the_same_types_as_one_with_files(engine, root):
    file = write(root / "a.parquet", EVERY_TYPE, [EVERY_TYPE_ROW])
    engine.attach([snapshot(EVERY_TYPE), snapshot(EVERY_TYPE, file, stream="app.full")])
    empty, full = (engine.query(f"FROM bronze_app.{name}", where="build").read_all() for name in ("orders", "full"))
    assert empty.num_rows == 0
    assert empty.schema == full.schema


def test_a_path_with_pattern_characters_names_one_file(engine, root):
    schema = Schema((Field("id", INT, id=1),))
    file = write(root.parent / "a*.parquet", schema, [{"id": 1}])
    write(root.parent / "ab.parquet", schema, [{"id": 2}])
    engine.attach([snapshot(schema, f"file://{file}")])
    assert rows(engine, "bronze_app.orders") == [{"id": 1}]
    Path(file).unlink()
    with pytest.raises(StorageUnavailableError, match="DuckDB cannot read or write a file"):
        engine.attach([snapshot(schema, file)])  # and never `ab.parquet` in its stead


V1 = Schema(
    (
        Field("id", INT, id=1),
        Field("gone", STRING, id=2),
        Field("st", Struct((Field("x", INT, id=4), Field("old", STRING, id=5), Field("again", STRING, id=6))), id=3),
        Field("li", List(Struct((Field("qty", INT, id=9), Field("again", STRING, id=10))), 8), id=7),
        Field("ma", Map(STRING, Struct((Field("v", INT, id=14),)), 12, 13), id=11),
        Field("deep", List(List(Struct((Field("p", Struct((Field("q", FLOAT, id=19),)), id=18),)), 17), 16), id=15),
    )
)
V1_ROWS = [
    {
        "id": 1,
        "gone": "g",
        "st": {"x": 1, "old": "o", "again": "a"},
        "li": [{"qty": 5, "again": "b"}, None],
        "ma": [("k", {"v": 7})],
        "deep": [[{"p": {"q": 0.5}}], []],
    },
    dict.fromkeys(V1.names),
]
# renamed, widened, added, and `gone` and `again` dropped and added again under new ids, reordered, at every depth
V2 = Schema(
    (
        Field(
            "st2",
            Struct(
                (
                    Field("renamed", STRING, id=5),
                    Field("x", LONG, id=4),
                    Field("again", STRING, id=20),
                    Field("new", Struct((Field("n", INT, id=22),)), id=21),
                )
            ),
            id=3,
        ),
        Field("ident", LONG, id=1),
        Field("gone", STRING, id=23),
        Field("li", List(Struct((Field("again", STRING, id=24), Field("quantity", LONG, id=9))), 8), id=7),
        Field("ma", Map(STRING, Struct((Field("w", LONG, id=14), Field("more", LONG, id=25))), 12, 13), id=11),
        Field("deep", List(List(Struct((Field("pp", Struct((Field("qq", DOUBLE, id=19),)), id=18),)), 17), 16), id=15),
        Field("added", List(INT, 27), id=26),
    )
)
V2_ROWS = [
    {
        "st2": {"renamed": "r", "x": 2**40, "again": "now", "new": {"n": 1}},
        "ident": 2**40,
        "gone": "back",
        "li": [{"again": "c", "quantity": 2**40}],
        "ma": [("k", {"w": 2**40, "more": 3})],
        "deep": [[{"pp": {"qq": 0.1}}]],
        "added": [1],
    }
]
V1_AS_V2 = [
    {
        "st2": {"renamed": "o", "x": 1, "again": None, "new": None},
        "ident": 1,
        "gone": None,
        "li": [{"again": None, "quantity": 5}, None],
        "ma": [("k", {"w": 7, "more": None})],
        "deep": [[{"pp": {"qq": 0.5}}], []],
        "added": None,
    },
    dict.fromkeys(V2.names),
]


def test_drift_at_every_depth_follows_the_field_ids(engine, root):
    files = write(root / "1.parquet", V1, V1_ROWS), write(root / "2.parquet", V2, V2_ROWS)
    engine.attach([snapshot(V1, files[0])])
    assert rows(engine, "bronze_app.orders") == V1_ROWS
    engine.attach([snapshot(V2, *files)])
    assert rows(engine, "bronze_app.orders") == V1_AS_V2 + V2_ROWS


@pytest.mark.long
def test_pyiceberg_reads_the_same(engine, root):
    """The same history made and read by pyiceberg; only what it can do in one schema update each."""
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.io.pyarrow import schema_to_pyarrow
    from pyiceberg.types import LongType, StringType

    catalog = SqlCatalog("c", uri="sqlite://", warehouse=f"file://{root.parent}/ice")
    catalog.create_namespace("n")
    st = pa.struct([("x", pa.int32()), ("old", pa.string())])
    li = pa.list_(pa.struct([("qty", pa.int32()), ("again", pa.string())]))
    schema = pa.schema([("id", pa.int32()), ("st", st), ("li", li)])
    table = catalog.create_table("n.t", schema)
    row = {"id": 1, "st": {"x": 1, "old": "o"}, "li": [{"qty": 5, "again": "b"}]}
    table.append(pa.Table.from_pylist([row, dict.fromkeys(schema.names)], schema))
    with table.update_schema(allow_incompatible_changes=True) as update:
        update.rename_column(("st", "old"), "renamed").update_column(("st", "x"), LongType())
        update.rename_column("li.element.qty", "quantity").delete_column("li.element.again")
        update.rename_column("id", "ident").add_column("extra", StringType())
    with table.update_schema() as update:
        update.add_column(("li", "element", "again"), StringType())
    row = {"ident": 2, "st": {"x": 2**40, "renamed": "r"}, "li": [{"quantity": 6, "again": "c"}], "extra": "e"}
    table.append(pa.Table.from_pylist([row], schema_to_pyarrow(table.schema(), include_field_ids=False)))

    ids = {table.schema().find_column_name(id_): id_ for id_ in table.schema().field_ids}
    attached = Schema(
        (
            Field("ident", INT, id=ids["ident"]),
            Field(
                "st",
                Struct((Field("x", LONG, id=ids["st.x"]), Field("renamed", STRING, id=ids["st.renamed"]))),
                id=ids["st"],
            ),
            Field(
                "li",
                List(
                    Struct(
                        (
                            Field("quantity", INT, id=ids["li.element.quantity"]),
                            Field("again", STRING, id=ids["li.element.again"]),
                        )
                    ),
                    ids["li.element"],
                ),
                id=ids["li"],
            ),
            Field("extra", STRING, id=ids["extra"]),
        )
    )
    files = [task.file.file_path for task in table.scan().plan_files()]
    engine.attach([snapshot(attached, *files)])
    by_ident = lambda found: sorted(found, key=lambda row: row["ident"] or 0)  # noqa: E731
    assert by_ident(rows(engine, "bronze_app.orders")) == by_ident(table.scan().to_arrow().to_pylist())


def test_another_process_reads_the_views(engine, root):
    file = write(root / "1.parquet", V1, V1_ROWS)
    engine.attach([snapshot(V1, file)])
    code = (
        "import duckdb, sys; print(duckdb.connect(sys.argv[1]).sql('SELECT st.old FROM bronze_app.orders').fetchall())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(engine.build_file)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[('o',), (None,)]"


def test_a_part_of_an_object_that_came_later_is_read_by_itself(engine, root):
    inner = Struct((Field("x", INT, id=5),))
    first = Schema((Field("id", INT, id=1), Field("here", Struct((Field("a", INT, id=7),)), id=6)))
    after = Schema(
        (
            Field("id", INT, id=1),
            Field("here", Struct((Field("a", INT, id=7), Field("n", Struct((Field("y", INT, id=9),)), id=8))), id=6),
            Field("late", Struct((Field("b", STRING, id=3), Field("n", inner, id=4))), id=2),
        )
    )
    old = write(root / "old.parquet", first, [{"id": 1, "here": {"a": 1}}, {"id": 2, "here": None}])
    row = {"id": 3, "here": {"a": 2, "n": {"y": 5}}, "late": {"b": "x", "n": {"x": 7}}}
    new = write(root / "new.parquet", after, [row, {"id": 4, "here": None, "late": None}])
    engine.attach([snapshot(after, old, new)])
    for part, values in {
        "here.a": [1, None, 2, None],
        "here.n.y": [None, None, 5, None],
        "late.b": [None, None, "x", None],
        "late.n.x": [None, None, 7, None],
    }.items():
        read = engine.query(f"SELECT {part} AS v FROM bronze_app.orders ORDER BY id", where="build").read_all()
        assert read["v"].to_pylist() == values
    found = engine.query("SELECT id FROM bronze_app.orders WHERE late.n.x = 7 AND here.a = 2", where="build").read_all()
    assert found["id"].to_pylist() == [3]


def views(engine: DuckDBEngine) -> list[str]:
    found = rows(engine, "duckdb_views() WHERE NOT internal")
    return sorted(f"{view['schema_name']}.{view['view_name']}" for view in found)


def test_streams_that_are_gone_lose_their_views_and_nobody_else_does(engine, build, root):
    file = write(root / "1.parquet", V1, V1_ROWS)
    engine.attach([snapshot(V1, file, stream=name) for name in ("app.orders", "app.gone", "old.gone")])
    build(
        "CREATE VIEW bronze_app.theirs AS SELECT 1 AS x",
        "CREATE SCHEMA silver",
        "CREATE VIEW silver.orders AS SELECT 1 AS x",
    )
    engine.attach([snapshot(V1, file)])
    assert views(engine) == ["bronze_app.orders", "bronze_app.theirs", "silver.orders"]


def test_a_failed_attach_changes_nothing(engine, root):
    file = write(root / "1.parquet", V1, V1_ROWS)
    engine.attach([snapshot(V1, file), snapshot(V1, file, stream="app.second")])
    with pytest.raises(StorageUnavailableError, match="DuckDB cannot read or write a file"):
        engine.attach([snapshot(V2, file), snapshot(V1, str(root / "nowhere.parquet"), stream="app.third")])
    assert views(engine) == ["bronze_app.orders", "bronze_app.second"]
    assert rows(engine, "bronze_app.orders") == V1_ROWS


def test_a_model_under_a_streams_name_is_refused(engine, build, root):
    file = write(root / "1.parquet", V1, V1_ROWS)
    build("CREATE SCHEMA bronze_app", "CREATE TABLE bronze_app.Orders AS SELECT 1 AS x")
    with pytest.raises(ConfigError, match=r"bronze_app\.orders is a table or a view that somebody else made"):
        engine.attach([snapshot(V1, file)])


def test_a_build_file_that_is_open_elsewhere_names_its_holder(engine, root):
    file = write(root / "1.parquet", V1, V1_ROWS)
    engine.attach([snapshot(V1, file)])
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(engine.build_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(BuildFileBusyError, match=rf"(?s)held open by `python.*process {holder.pid}.*local\.duckdb"):
            engine.attach([snapshot(V1, file)])
        holder.communicate()
    engine.attach([])
    assert views(engine) == []


def test_a_client_in_the_same_process_is_named_too(engine, root):
    file = write(root / "1.parquet", V1, V1_ROWS)
    engine.attach([snapshot(V1, file)])
    with duckdb.connect(engine.build_file, read_only=True), pytest.raises(BuildFileBusyError, match="by this program"):
        engine.attach([snapshot(V1, file)])
