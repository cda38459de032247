"""Whether two engines have made the same tables: one hash for each table that readers open, by the rules of `contents`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakesmith.testing.contents import canonical_hash


def published_hashes(engine: Any) -> dict[str, str]:
    """Return the hash of every table readers can open, by `schema.name`, as a query gives its rows.

    Rows are sorted, decimals are text without zeros behind, times are UTC, floats are written so that they read back as the same
    number, and columns that begin with `_ls_` are left out: so equal hashes mean equal tables, whatever the engine.
    """
    return {dataset.relation: canonical_hash(_rows(engine, dataset)) for dataset in engine.published()}


def file_hashes(engine: Any) -> dict[str, str]:
    """Return the same hashes of the Parquet files beside the tables, from which publishers read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return {
        dataset.relation: canonical_hash(pa.concat_tables([pq.read_table(file) for file in dataset.files]))
        for dataset in engine.published()
    }


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return the tables that are not in both, or differ.

    Examples:
        >>> differing({"marts.a": "1", "marts.b": "2"}, {"marts.a": "1", "marts.b": "3", "marts.c": "4"})
        ['marts.b', 'marts.c']
    """
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _rows(engine: Any, dataset: Any) -> Any:
    schema, name = ('"' + part.replace('"', '""') + '"' for part in (dataset.schema, dataset.name))
    return engine.query(f"select * from {schema}.{name}").read_all()  # noqa: S608 - quoted
