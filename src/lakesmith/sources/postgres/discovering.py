"""What the tables that a pattern takes in are called as streams: always the same, whatever other tables come and go."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from lakesmith.sources.postgres.catalog.values import Relation, Table

PLAIN = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 63
MARK = 8
BETWEEN = "__"


@dataclass(frozen=True, slots=True)
class Discovered:
    """A table that a pattern takes in, the `name` of its stream, and what that stream says under `table:` (None: nothing)."""

    name: str
    table: Table
    written: str | None

    @property
    def said(self) -> str:
        """As it stands in a project file under `streams:`; the whole table each time, as a cursor is for people to choose.

        Examples:
            >>> Discovered("orders", Table(1, Relation("public", "orders"), "table"), None).said
            'orders: {mode: replace}'
        """
        table = "" if self.written is None else "table: '{}', ".format(self.written.replace("'", "''"))
        return f"{self.name}: {{{table}mode: replace}}"


def discovered(table: Table, schema: str) -> Discovered:
    """Return a table as a stream of a source whose own schema is `schema`."""
    relation = table.relation
    name = name_of(relation, schema)
    return Discovered(name, table, None if (relation.schema, relation.name) == (schema, name) else relation.quoted)


def name_of(relation: Relation, schema: str) -> str:
    """Return the name of a table's stream; two tables never share one.

    It is the table's own where that is a legal name, with that of its schema before it if it is another one. All others are
    spelled as near as can be, with a mark that follows from the exact name behind them.

    Examples:
        >>> name_of(Relation("public", "orders"), "public"), name_of(Relation("sales", "orders"), "public")
        ('orders', 'sales__orders')
        >>> name_of(Relation("public", "Umsätze 2024"), "public")
        'umsatze_2024_299a4693'
    """
    parts = (relation.name,) if relation.schema == schema else (relation.schema, relation.name)
    whole = BETWEEN.join(parts)
    if (
        all(PLAIN.fullmatch(part) and BETWEEN not in part and not part.endswith("_") for part in parts)
        and len(whole) <= LONGEST
    ):
        return whole
    exact = f"{relation.schema}\0{relation.name}".encode()
    return f"{_spelled(whole)}_{hashlib.sha256(exact).hexdigest()[:MARK]}"


def _spelled(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    led = words if PLAIN.match(words) else f"t_{words}"
    return led[: LONGEST - MARK - 1].strip("_")
