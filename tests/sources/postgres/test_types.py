"""Every type of a real server, value by value, against the server's own words for them, read by the other driver."""

import itertools
import json
import random
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from decimal import Context
from decimal import Decimal as Number
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "servers")]

import lake_servers
from type_values import SETUP, TYPES, values_of

from lakesmith.errors import FatalError
from lakesmith.model.streams import DOC_KEY, RENAMED_KEY, WORDS_KEY, StreamId, StreamSpec
from lakesmith.model.types import BINARY, BOOLEAN, DATE, DOUBLE, FLOAT, STRING, TIMESTAMP, TIMESTAMPTZ, Decimal, List
from lakesmith.sources.postgres.catalog.columns import list_columns
from lakesmith.sources.postgres.catalog.values import Column, ColumnType, Relation, Table, quote
from lakesmith.sources.postgres.connecting.settings import SessionSettings
from lakesmith.sources.postgres.types import table_types

NUMBER = itertools.count()
SYSTEM = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SEED = 20261121


@pytest.fixture(scope="module", params=["newest", pytest.param("system", marks=pytest.mark.long)])
def server(request, monkeypatch_module):
    if request.param == "system":
        if not SYSTEM:
            pytest.skip("this system has no PostgreSQL of its own")
        monkeypatch_module.setattr(lake_servers, "_programs", lambda: SYSTEM[-1])
    with lake_servers.serve_postgres() as server:
        yield Both(server.url())


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


class Both:
    """A server by both drivers: one writes and is the oracle, the other is read with."""

    def __init__(self, url):
        self.writer = psycopg.connect(url, autocommit=True)
        self.writer.execute(SETUP)
        for name in ("timezone", "datestyle", "intervalstyle", "extra_float_digits", "bytea_output"):
            value = {k.lower(): v for k, v in SessionSettings().values().items()}[name]
            self.writer.execute(f"set {name} = '{value}'")
        self.reader = adbc.connect(url, autocommit=True)
        with self.reader.cursor() as cursor:
            cursor.execute(SessionSettings().statement())
            cursor.fetchall()

    @property
    def has_xml(self):
        try:
            return bool(self.writer.execute("select '<a/>'::xml").fetchone())
        except psycopg.errors.FeatureNotSupported:
            return False

    def table(self, kind, values=(), column="x"):
        name = f"t_{next(NUMBER)}"
        self.writer.execute(f"create table {name} (id int, {quote(column)} {kind})")
        with self.writer.cursor() as cursor:
            cursor.executemany(f"insert into {name} values (%s, %s)", list(enumerate(values)))
        return name

    def columns(self, name):
        oid = self.writer.execute("select %s::regclass::oid::int8", (name,)).fetchone()[0]
        return list_columns(self.writer, Table(oid, Relation("public", name), "table"))

    def read(self, name, said=None, **known):
        types = table_types(self.columns(name), spec(said), **known)
        with self.reader.cursor() as cursor:
            cursor.execute(f"select {types.select} from {name} order by id")
            batches = [types.rows(batch) for batch in cursor.fetch_record_batch()]
        for batch in batches:
            batch.validate(full=True)
            assert batch.schema.names[: len(types.schema)] == types.schema.names
        return types, batches


def spec(columns=None):
    return StreamSpec(StreamId("shop", "t"), columns=columns or {})


def parted(batches, column="x"):
    """Return values and words of a column, as Python objects."""
    values, words = [], []
    for batch in batches:
        found = [i for i, name in enumerate(batch.schema.names) if name == column]
        array = batch.column(found[0])
        values += array.to_pylist()
        words += batch.column(found[1]).to_pylist() if len(found) > 1 else [None] * batch.num_rows
        assert all(WORDS_KEY in batch.schema.field(i).metadata for i in found[1:])
    return values, words


def held(kind, words):
    """Return the value that a bronze type has for the server's words, by Python's own reading; LookupError where it has none."""
    if kind in READ:
        try:
            return READ[kind](words)
        except ValueError:
            raise LookupError(words) from None
    if isinstance(kind, Decimal):
        value = Number(words)
        digits = kind.precision - kind.scale
        if not value.is_finite() or value.copy_abs() >= Number(10) ** digits or value != fixed(value, kind.scale):
            raise LookupError(words)
        return fixed(value, kind.scale)
    return int(words)


def fixed(value, scale):
    return value.quantize(Number(1).scaleb(-scale), context=Context(prec=2000))


def moment(words):
    if "BC" in words or len(words.split("-")[0]) != 4:
        raise ValueError(words)
    return datetime.fromisoformat(words)


READ = {
    BOOLEAN: lambda words: {"true": True, "false": False, "t": True, "f": False}[words],
    FLOAT: lambda words: pa.scalar(float(words), pa.float32()).as_py(),
    DOUBLE: float,
    STRING: str,
    BINARY: lambda words: bytes.fromhex(words.removeprefix("\\x")),
    DATE: date.fromisoformat,
    TIMESTAMP: moment,
    TIMESTAMPTZ: lambda words: moment(words).astimezone(UTC),
}


def expected(kind, words, elements):
    """Return the value and the words that a row must have."""
    if words is None:
        return None, None
    try:
        if not isinstance(kind, List):
            return held(kind, words), None
        if words.startswith("[") or any(isinstance(element, list) for element in elements):
            return None, words
        return [None if element is None else held(kind.element, element) for element in elements], None
    except LookupError:
        return None, words


def oracle(server, name, kind):
    """Yield the words of each value, and those of its elements."""
    is_array = isinstance(kind, List)
    elements = "x::text[]" if is_array else "null"
    # A blank-padded text loses its blanks when it is cast; its bytes do not.
    is_padded = server.columns(name)[1].type.name == "bpchar" and not is_array
    shown = "convert_from(bpcharsend(x), 'UTF8')" if is_padded else "x::text"
    return server.writer.execute(f"select {shown}, {elements} from {name} order by id").fetchall()


def same(one, other):
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and str(one) == str(other)


@pytest.mark.parametrize("kind", TYPES)
def test_every_value_is_exact_or_the_servers_own_words(server, kind):
    if kind in {"numeric(3,5)", "numeric(5,-2)"} and server.writer.info.server_version < 150000:
        pytest.skip("this server has no such scales")
    if kind == "xml" and not server.has_xml:
        pytest.skip("this server was built without XML")
    name = server.table(kind, values_of(kind, random.Random(SEED), 60))
    types, batches = server.read(name)
    made = types.columns[1].kind.type
    values, words = parted(batches)
    told = oracle(server, name, made)
    assert len(values) == len(told)
    for value, word, (text, elements) in zip(values, words, told, strict=True):
        wanted = expected(made, *plainly(kind, text, elements))
        assert same(value, wanted[0]), (kind, text, value, wanted)
        assert plainly(kind, word)[0] == wanted[1]


def plainly(kind, text, elements=None):
    """Return words of money without its sign, and those of padded elements with their blanks, which a cast to text took."""
    if kind.startswith("money"):
        return plain_money(text), elements and [plain_money(element) for element in elements]
    if kind == "char(3)[]" and elements:
        return text, [element.ljust(3) if isinstance(element, str) else element for element in elements]
    return text, elements


def plain_money(text):
    return text if not isinstance(text, str) else text.replace("$", "").replace(",", "")


def test_names_docs_and_generated_columns(server):
    odd = 'Grö"ße, (client) %s 客'
    name = f"t_{next(NUMBER)}"
    server.writer.execute(
        f"create table {name} (id int, {quote(odd)} numeric, gone int, doubled int generated always as (id * 2) stored, at positive, plain text)"
    )
    server.writer.execute(f"alter table {name} drop gone")
    server.writer.execute(f"comment on column {name}.plain is 'What people\n call it'")
    server.writer.execute(
        f"insert into {name} (id, {quote(odd)}, at, plain) values (1, 'NaN', 2.5, 'a'), (2, 1.25, 3, null)"
    )
    types, [rows] = server.read(name)
    assert rows.schema.names == ["id", odd, "doubled", "at", "plain", odd]
    assert rows.to_pydict() | {odd: parted([rows], odd)} == {
        "id": [1, 2], odd: ([None, Number("1.25")], ["NaN", None]), "doubled": [2, 4], "at": [Number("2.5"), 3], "plain": ["a", None]
    }  # fmt: skip
    docs = {field.name: (field.metadata or {}).get(DOC_KEY, b"").decode() for field in types.schema}
    assert docs == {
        "id": "", odd: "The source's type is numeric.", "doubled": "", "at": "The source's type is positive.", "plain": "What people call it."
    }  # fmt: skip


def test_renames_are_proven_by_attnum(server):
    name = server.table("text")
    known = {1: "id", 2: "x"}
    server.writer.execute(f"alter table {name} rename x to y")
    server.writer.execute(f"alter table {name} add x int")
    types, _ = server.read(name, known=known)
    assert [(f.metadata or {}).get(RENAMED_KEY) for f in types.schema] == [None, b"x", None]
    assert [(f.metadata or {}).get(RENAMED_KEY) for f in server.read(name)[0].schema] == [None, None, None]


def test_a_name_with_braces_and_per_cents(server):
    column = '{x} {cast} %s % "'
    _, [rows] = server.read(server.table("date[]", ["{2020-01-01}", "{infinity}"], column), None)
    assert parted([rows], column) == ([[date(2020, 1, 1)], None], [None, "{infinity}"])


def test_an_empty_table_and_one_without_columns(server):
    types, batches = server.read(server.table("int[]"))
    assert sum(batch.num_rows for batch in batches) == 0
    assert types.empty().schema.equals(types.schema, check_metadata=True)
    assert types.empty().num_rows == 0
    assert table_types((), spec()).empty().num_rows == 0


@pytest.mark.parametrize("said", ["decimal(20, 12)", " DECIMAL(20,12) "])
@pytest.mark.parametrize("column", ["x", "X"])
def test_a_numeric_is_what_the_project_says(server, said, column):
    name = server.table("numeric", ["1.123456789012", "123456789", None], column)
    types, [rows] = server.read(name, {"x": {"type": said}})
    assert types.columns[1].kind.type == Decimal(20, 12)
    assert parted([rows], column) == ([Number("1.123456789012"), None, None], [None, "123456789", None])


PINS = [
    ("numeric(9,2)", "decimal(20, 4)", "1.25", Number("1.2500")),
    ("numeric(9,2)", "decimal(9, 1)", "1.25", Number("1.25")),
    ("numeric(60,20)", "decimal(38, 20)", "1.25", Number("1.25")),
    ("numeric", "string", "1.2500000000000", "1.2500000000000"),
    ("date", "string", "infinity", "infinity"),
    ("integer[]", "string", "{{1}}", "{{1}}"),
    ("char(3)", "string", "a", "a  "),
    ("text", "decimal(9, 2)", "1.25", "1.25"),
    ("int", "long", "7", 7),
]


@pytest.mark.parametrize(("kind", "said", "value", "held"), PINS)
def test_other_pins(server, kind, said, value, held):
    _, [rows] = server.read(server.table(kind, [value]), {"x": {"type": said}})
    assert parted([rows]) == ([held], [None])


@pytest.mark.parametrize("extension", ["hstore", "citext", "ltree", "vector", "cube"])
def test_types_of_extensions_are_text(server, extension):
    known = server.writer.execute("select 1 from pg_available_extensions where name = %s", (extension,)).fetchone()
    if not known:
        pytest.skip(f"this server has no {extension}")
    server.writer.execute(f"create extension if not exists {extension}")
    value = {"hstore": 'a=>1, "b\\"c"=>NULL', "citext": "MiXed", "ltree": "a.b", "vector": "[1,2.5]", "cube": "(1,2)"}[
        extension
    ]
    for kind, values in ((extension, [value, None]), (f"{extension}[]", ["{}", f"{{{json.dumps(value)}}}", None])):
        name = server.table(kind, values)
        types, batches = server.read(name)
        told = oracle(server, name, types.columns[1].kind.type)
        wanted = [elements if kind.endswith("[]") else text for text, elements in told]
        assert parted(batches) == (wanted, [None] * len(wanted))
        assert types.schema.field("x").metadata[DOC_KEY].decode() == f"The source's type is {kind}."


def test_rows_with_rare_values_in_many_columns_stay_one_batch(server):
    count, rng = 40, random.Random(SEED)
    name = f"t_{next(NUMBER)}"
    server.writer.execute(f"create table {name} (id int, {', '.join(f'c{i} date' for i in range(count))})")
    rows = [[rng.choice(["2020-01-01", "infinity", None]) for _ in range(count)] for _ in range(300)]
    with server.writer.cursor() as cursor, cursor.copy(f"copy {name} from stdin") as copy:
        for number, row in enumerate(rows):
            copy.write_row([number, *row])
    _, [batch] = server.read(name)
    assert batch.num_columns == 1 + 2 * count
    for i in range(count):
        values, words = parted([batch], f"c{i}")
        told = [word or (value and value.isoformat()) for value, word in zip(values, words, strict=True)]
        assert told == [row[i] for row in rows]


def test_five_hundred_columns_cost_as_much_each_as_fifty():
    kinds = [("int4", -1), ("numeric", (12 << 16 | 2) + 4), ("date", -1), ("text", -1), ("timestamptz", -1)]

    def cost_s(count):
        columns = [
            Column(i + 1, f"c{i}", ColumnType(0, kind, "pg_catalog", kind, typmod=mod))
            for i, (kind, mod) in enumerate(kinds * (count // 5))
        ]
        types = table_types(columns, spec())
        made = [
            pa.array([1, None] * 500, pa.int32()),
            pa.array(["1.25", "2"] * 500),
            pa.array([18_000, 3] * 500, pa.int32()).cast(pa.date32()),
        ]
        made += [pa.array(["a", None] * 500), pa.array([1, 2] * 500, pa.timestamp("us", "UTC"))]
        batch = pa.RecordBatch.from_arrays(made * (count // 5), names=[str(i) for i in range(count)])
        types.rows(batch)
        times = []
        for _ in range(5):
            began = time.thread_time()
            types.rows(batch)
            times.append(time.thread_time() - began)
        return min(times)

    assert cost_s(500) < 30 * cost_s(50) + 0.02


def test_what_did_not_arrive_as_it_was_selected_is_refused(server):
    types = table_types(server.columns(server.table("int[]")), spec())
    with pytest.raises(FatalError, match="sent 2 columns, but 3 were selected"):
        types.rows(pa.record_batch({"id": [1], "x": [[1]]}))


@pytest.mark.long
def test_selecting_needs_no_arrow():
    code = "import sys; from lakesmith.sources.postgres.types import table_types; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
