"""Whether two sets of files hold the same rows: counted and hashed by DuckDB, which shares no code with what wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lakesmith.errors import StorageUnavailableError
from lakesmith.lake.stores.store import Store
from lakesmith.model.types import DOUBLE, FLOAT, Decimal, Field, List, Map, Scalar, Schema, Struct, Type, parts

if TYPE_CHECKING:
    import duckdb

TYPES = {
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "string": "VARCHAR",
    "binary": "BLOB",
}
GLOB = str.maketrans({"*": "[*]", "?": "[?]", "[": "[[]"})
BRIDGE = "lakestore"
MEMORY = "512MB"
THREADS = 2


@dataclass(frozen=True, slots=True)
class Content:
    """What a set of files holds, whatever the order of rows: how many rows, and two sums over a hash of every row."""

    rows: int
    first: int
    second: int


def examine(store: Store, sets: Sequence[Sequence[str]], schema: Schema) -> list[Content]:
    """Return the content of each set of Parquet files under a schema, whose columns and parts are found by field id.

    Args:
        store: Where the lake lies.
        sets: The files of each set.
        schema: The columns, with field ids; what a file lacks is null.

    Raises:
        StorageUnavailableError: If DuckDB cannot read a file.
    """
    import duckdb

    columns = ", ".join(_hashed(field) for field in schema)
    # Two sums with differently mixed hashes: 128 bits, and a row that is there twice counts twice.
    query = (
        f"SELECT count(*), coalesce(sum(hash({columns})::HUGEINT), 0)::VARCHAR, "  # noqa: S608 - every part is quoted
        f"coalesce(sum(hash('second', {columns})::HUGEINT), 0)::VARCHAR FROM read_parquet(?, schema = {_fields(schema)})"
    )
    with _connect(store, [path for paths in sets for path in paths]) as connection:
        try:
            found = [connection.execute(query, [[_address(path) for path in paths]]).fetchall() for paths in sets]
        except duckdb.Error as error:
            raise StorageUnavailableError(
                f"DuckDB cannot read what compaction wrote or what it read ({type(error).__name__}), so nothing was committed.",
                where=sets[0][0],
                fix="nothing is lost and loads go on; report it with the log if it comes back",
            ) from error
    return [Content(int(rows), int(first), int(second)) for [(rows, first, second)] in found]


def _hashed(field: Field) -> str:
    """Return what of a column is hashed: DuckDB's hash alone takes a null for an empty list or a struct of nulls, and 0 for -0."""
    column = _name(field.name)
    if field.type in (FLOAT, DOUBLE):
        return f"{column}, signbit({column})"
    return f"{column}, {column}::VARCHAR" if isinstance(field.type, (Struct, List, Map)) else column


def _connect(store: Store, paths: Sequence[str]) -> duckdb.DuckDBPyConnection:
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "autoload_known_extensions": "false",
    }
    connection = duckdb.connect(":memory:", config=settings)
    if any("://" in path.removeprefix("file://") for path in paths):
        connection.register_filesystem(_bridge(store))
    return connection


def _address(path: str) -> str:
    local = path.removeprefix("file://")
    return f"{BRIDGE}://{local}" if "://" in local else local.translate(GLOB)


def _bridge(store: Store) -> Any:
    """Return the store as DuckDB reads it: through fsspec."""
    from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

    class StoreFiles(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
        """Reads objects of the store."""

        protocol = BRIDGE
        cachable = False

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path.removeprefix(f"{BRIDGE}://")

        def info(self, path: str, **_options: Any) -> dict[str, Any]:
            """Return name, kind and size."""
            name = self._strip_protocol(path)
            size = store.size(name)
            if size is None:
                raise FileNotFoundError(name)
            return {"name": name, "type": "file", "size": size}

        def modified(self, path: str) -> datetime:
            """Return a time that never changes, as the objects do not either."""
            del path
            return datetime(2000, 1, 1, tzinfo=UTC)

        def glob(self, path: str, **_options: Any) -> list[str]:
            """Return the path: none of ours is a pattern."""
            return [self._strip_protocol(path)]

        def _open(self, path: str, mode: str = "rb", **_options: Any) -> Any:
            del mode
            return store.open(self._strip_protocol(path))

    return StoreFiles()


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _type(kind: Type) -> str:
    match kind:
        case Scalar(name):
            return TYPES[name]
        case Decimal(precision, scale):
            return f"DECIMAL({precision}, {scale})"
        case Struct(fields):
            return f"STRUCT({', '.join(f'{_name(part.name)} {_type(part.type)}' for part in fields)})"
        case List(element):
            return f"{_type(element)}[]"
        case Map(key, value):
            return f"MAP({_type(key)}, {_type(value)})"


def _fields(fields: Iterable[Field]) -> str:
    return "MAP {" + ", ".join(f"{field.id}: {_entry(field)}" for field in fields) + "}"


def _entry(field: Field) -> str:
    below = parts(field.type)
    children = f", children: {_fields(below)}" if below else ""
    return f"{{name: {_text(field.name)}, type: {_text(_type(field.type))}, default_value: NULL{children}}}"
