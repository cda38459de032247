"""Tables, parts of tables, columns, keys and indexes as values. Names are the server's own, never folded or quoted."""

from __future__ import annotations

from dataclasses import dataclass, field

KINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}
"""What `pg_class.relkind` says, for those kinds of relations that have rows."""


def quote(name: str) -> str:
    """Return a name as SQL writes it, whatever is in it.

    Examples:
        >>> quote('my "own" table')
        '"my ""own"" table"'
    """
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation by schema and name."""

    schema: str
    name: str

    @property
    def quoted(self) -> str:
        """As SQL writes it."""
        return f"{quote(self.schema)}.{quote(self.name)}"

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Table:
    """A relation with rows.

    `kind` is a value of `KINDS`. `filenode` changes when the rows are written anew (VACUUM FULL, TRUNCATE); None without rows of its
    own. `size_bytes` counts heap and TOAST of all its leaves, None for views and foreign tables. `rows` is the server's estimate, None
    where it never counted. `is_part`: of a partitioned table. `has_children`: tables inherit from it, which a plain `select` reads too.
    `inherits`: it is such a child. `persistence` is permanent, unlogged or temporary. `has_policies`: row security hides rows from
    this user. `extension` owns it; empty if nothing does.
    """

    oid: int
    relation: Relation
    kind: str
    filenode: int | None = None
    size_bytes: int | None = None
    rows: int | None = None
    persistence: str = "permanent"
    comment: str = ""
    is_part: bool = False
    has_children: bool = False
    inherits: bool = False
    is_readable: bool = True
    has_policies: bool = False
    is_populated: bool = True
    extension: str = ""

    @property
    def has_ctid(self) -> bool:
        """Whether ranges of `ctid` say where its rows lie; a partitioned table has that in its leaves alone."""
        return self.kind in {"table", "materialized view"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part of a table with rows of its own, read with `only`: the table itself, a partition, or a table that inherits.

    `size_bytes` is that of the heap alone, which ranges of `ctid` are cut from. `is_readable` False: under its own name this user may not
    read all of this part, `ctid` included, or would read other rows of it than through the table, as row security says. `bound` is the partition's condition in the server's words; `DEFAULT` for a default partition.
    """

    oid: int
    relation: Relation
    kind: str
    filenode: int | None = None
    size_bytes: int | None = None
    is_readable: bool = True
    bound: str = ""

    @property
    def has_ctid(self) -> bool:
        """Whether ranges of `ctid` say where its rows lie."""
        return self.kind in {"table", "materialized view"}


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column, domains resolved to what they are made of.

    `shown` is how the server writes it as declared, domains and all (`numeric(12,2)`, `shop.email`). `name` is the plain name of the base type in
    `schema` (`numeric`, `int4`, `my_enum`), for an array that of its elements, domains resolved there too. `kind` is of that:
    base, enum, composite, range, multirange or pseudo. `typmod` is -1 without one. `is_array` says that it is an array of `name`;
    `domains` are those that were resolved, outermost first.
    """

    oid: int
    shown: str
    schema: str
    name: str
    kind: str = "base"
    typmod: int = -1
    is_array: bool = False
    domains: tuple[str, ...] = ()

    @property
    def precision(self) -> int | None:
        """Digits of a `numeric`; None without a declared precision, or for another type."""
        return (self.typmod - 4) >> 16 & 0xFFFF if self._is_pinned else None

    @property
    def scale(self) -> int | None:
        """Digits after the point of a `numeric`, negative for whole tens; None without a declared precision."""
        return (((self.typmod - 4) & 0x7FF) ^ 1024) - 1024 if self._is_pinned else None

    @property
    def _is_pinned(self) -> bool:
        return self.name == "numeric" and self.schema == "pg_catalog" and self.typmod >= 0


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `attnum` stays when it is renamed. `generated` is empty, stored or virtual; `identity` empty, always or by default."""

    attnum: int
    name: str
    type: ColumnType
    nullable: bool = True
    generated: str = ""
    identity: str = ""
    comment: str = ""
    is_readable: bool = True

    @property
    def quoted(self) -> str:
        """As SQL writes it."""
        return quote(self.name)


@dataclass(frozen=True, slots=True)
class Key:
    """Columns no two rows share: the primary key, or a unique index without a condition over columns that are never null."""

    name: str
    columns: tuple[str, ...]
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """A table with all that is known of it: columns in their order, keys (the primary one first), and what leads its b-tree indexes."""

    table: Table
    columns: tuple[Column, ...]
    keys: tuple[Key, ...] = ()
    indexed: frozenset[str] = field(default_factory=frozenset)

    @property
    def readable(self) -> tuple[Column, ...]:
        """The columns that this user may read."""
        return tuple(column for column in self.columns if column.is_readable)

    def column(self, name: str) -> Column | None:
        """Return the column of that name, None if there is none."""
        return next((column for column in self.columns if column.name == name), None)
