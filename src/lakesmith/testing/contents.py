"""Contents as canonical text: equal where the records are equal, whatever their order and the width of their types.

Two sets of rows are equal when each row occurs equally often in both. Of a row count the names and values of its columns: columns
whose name begins with `_ls_` do not, nor does their order, nor a null (a column that is null equals one that is not there).
`int` and `long` are equal where the number is, and so are `float` and `double`, decimals of any precision and scale, `string`,
`large_string` and dictionaries of them. Numbers of different kinds are not: 1, 1.0, a decimal 1, true and "1" all differ.
A `timestamptz` is compared as the instant it names, and never equals a `timestamp`. Every NaN equals every other. What bronze
keeps as a string (time, uuid …) is compared as Python spells it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lakesmith.model.types import SYSTEM_PREFIX

if TYPE_CHECKING:
    import pyarrow as pa

    Rows = pa.Table | pa.RecordBatch | Iterable[Mapping[str, Any]]


def canonical_rows(rows: Rows) -> list[str]:
    """Return one line of JSON for every row, sorted.

    Args:
        rows: An Arrow table or batch, or mappings from column names to Python values.

    Examples:
        >>> canonical_rows([{"id": 2, "price": Decimal("1.50")}, {"price": None, "id": 1, "_ls_seq": 7}])
        ['{"id":1}', '{"id":2,"price":{"$decimal":"1.5"}}']
    """
    return sorted(_line(row) for row in _plain(rows))


def canonical_hash(rows: Rows) -> str:
    """Return the SHA-256 of `canonical_rows` as hexadecimal digits.

    Examples:
        >>> canonical_hash([{"a": 1}, {"a": 2}]) == canonical_hash([{"a": 2, "b": None}, {"a": 1}])
        True
        >>> canonical_hash([{"a": 1}]) == canonical_hash([{"a": 1}, {"a": 1}])
        False
    """
    digest = hashlib.sha256()
    for line in canonical_rows(rows):
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _plain(rows: Any) -> Iterable[Mapping[str, Any]]:
    listed: Iterable[Mapping[str, Any]] = rows.to_pylist() if hasattr(rows, "to_pylist") else rows
    return listed


def _line(row: Mapping[str, Any]) -> str:
    told = {
        name: _value(value) for name, value in row.items() if value is not None and not name.startswith(SYSTEM_PREFIX)
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _value(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {name: _value(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        # Arrow gives a map as a list of pairs, whose order says nothing.
        pairs = bool(value) and all(isinstance(item, tuple) for item in value)
        return (
            {"$map": sorted([key, _value(part)] for key, part in value)} if pairs else [_value(item) for item in value]
        )
    return _tagged(value)


def _tagged(value: Any) -> dict[str, str] | str:
    if isinstance(value, bytes):
        return {"$binary": value.hex()}
    if isinstance(value, Decimal):
        return {"$decimal": f"{value.normalize():f}" if value else "0"}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return {"$timestamp": value.isoformat()}
        return {"$timestamptz": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    return str(value)
