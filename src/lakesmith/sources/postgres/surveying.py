"""What `check` says of one table: how large it is, what identifies its rows, and what stands in the way of reading it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Finding, StreamSpec
from lakesmith.sources.postgres.catalog.columns import describe
from lakesmith.sources.postgres.catalog.tables import find_table, list_leaves, parse_relation
from lakesmith.sources.postgres.catalog.values import Column, Leaf, Structure, quote
from lakesmith.sources.postgres.connecting.faults import TIMEOUT, driver_errors, fault_of
from lakesmith.sources.postgres.planning.filters import need_one_condition
from lakesmith.sources.postgres.planning.known import alike
from lakesmith.sources.postgres.planning.telling import is_masked

if TYPE_CHECKING:
    import psycopg

    from lakesmith.sources.postgres.connecting.server import Server

KILO = 1000
UNITS = ("bytes", "kB", "MB", "GB", "TB")
LARGE_ROWS = 100_000
PATIENCE_S = 10

# Answers with a NULL as soon as one is met; the limit keeps a table full of them from being counted to its end.
NULLS = "select count(*) from (select from {table} where {cursor} is null limit {limit}) as empty"
MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Sight:
    """A stream that is looked at: by which session, in which schema its table is if it says none, and where it is written."""

    server: Server
    session: psycopg.Connection[Any]
    stream: StreamSpec
    schema: str
    where: str

    def finding(self, level: str, text: str, fix: str = "", **facts: Any) -> Finding:
        """Return a finding about the stream."""
        return Finding(level, str(self.stream.id), text, fix, facts)


@dataclass(frozen=True, slots=True)
class Counter:
    """A noun that is counted."""

    noun: str

    def of(self, count: int) -> str:
        """Return how many.

        Examples:
            >>> Counter("table").of(1), Counter("table").of(0)
            ('1 table', '0 tables')
        """
        return f"{count} {self.noun}{'' if count == 1 else 's'}"


def shown_size(size_bytes: int) -> str:
    """Return a size as people read it.

    Examples:
        >>> shown_size(1_234_567)
        '1.2 MB'
    """
    size, unit = float(size_bytes), 0
    while size >= KILO and unit < len(UNITS) - 1:
        size, unit = size / KILO, unit + 1
    return f"{size:.0f} {UNITS[0]}" if unit == 0 else f"{size:.1f} {UNITS[unit]}"


def shown_rows(rows: int | None) -> str:
    """Return an estimate of rows as the end of a sentence; empty where nobody counted.

    Examples:
        >>> shown_rows(1_234_567)
        ', about 1,234,567 rows'
    """
    return "" if rows is None else f", about {Counter('row').of(rows).replace(str(rows), f'{rows:,}')}"


def survey(sight: Sight) -> Iterator[Finding]:
    """Yield what there is to say about one stream; faults become findings."""
    try:
        with driver_errors(sight.server.scene(f"stream {sight.stream.id}")):
            relation = parse_relation(sight.stream.options.table or sight.stream.id.name, sight.schema, sight.where)
            structure = describe(sight.session, find_table(sight.session, relation, sight.where))
            leaves = list_leaves(sight.session, structure.table)
            for look in (_table, _access, _columns, _key, _cursor, _statement):
                yield from look(sight, structure, leaves)
    except LakesmithError as error:
        yield sight.finding("error", error.what, error.fix)


def _table(sight: Sight, structure: Structure, leaves: tuple[Leaf, ...]) -> Iterator[Finding]:
    table = structure.table
    size = "" if table.size_bytes is None else f", {shown_size(table.size_bytes)}"
    parts = f", {Counter('part').of(len(leaves))}" if table.kind == "partitioned table" else ""
    columns = Counter("column").of(len(structure.columns))
    text = f"{table.kind} {table.relation}: {columns}{size}{shown_rows(table.rows)}{parts}"
    facts: dict[str, Any] = {
        "size_bytes": table.size_bytes,
        "rows": table.rows,
        "columns": len(structure.columns),
        "parts": len(leaves),
    }
    yield sight.finding("ok", text, **facts)
    if table.has_children:
        heirs = len(leaves) - 1
        verb = "inherits" if heirs == 1 else "inherit"
        text = (
            f"its rows include those of {Counter('table').of(heirs)} that {verb} from it, without columns of their own"
        )
        yield sight.finding("note", text)
    foreign = sum(leaf.kind == "foreign table" for leaf in leaves)
    if foreign and table.kind != "foreign table":
        yield sight.finding(
            "note",
            f"{Counter('part').of(foreign)} of it on other servers: each is read as a whole, outside the snapshot",
        )
    if table.kind in {"view", "foreign table"} and not sight.stream.options.split_by:
        yield sight.finding(
            "note",
            f"a {table.kind} is read by one connection",
            "name a column of numbers or times in `split_by:` if it is large",
        )


def _access(sight: Sight, structure: Structure, leaves: tuple[Leaf, ...]) -> Iterator[Finding]:
    table, user = structure.table, quote(sight.session.info.user)
    schema = quote(table.relation.schema)
    if not table.is_readable:
        grants = f"grant usage on schema {schema} to {user}; grant select on {table.relation.quoted} to {user};"
        yield sight.finding("error", "the user may not read it", f"let its owner run: {grants}")
    elif not table.has_policies and (closed := [leaf for leaf in leaves if not leaf.is_readable]):
        text = f"the user may not read {Counter('part').of(len(closed))} of it under their own names"
        level = "warning"
        if closed[0].oid == table.oid:
            level, text = "note", "rights on single columns do not include its pages: it is read by one connection"
        yield sight.finding(
            level, text, f"let the owner run: grant select on {closed[0].relation.quoted} to {user}; and so on"
        )
    if table.has_policies:
        yield sight.finding(
            "warning",
            "row security hides rows from this user: what it does not see is not loaded",
            f"let an administrator run: alter role {user} bypassrls; if all rows are wanted",
        )
    if not table.is_populated:
        yield sight.finding(
            "error",
            "the materialized view holds nothing yet",
            f"let its owner run: refresh materialized view {table.relation.quoted};",
        )
    if table.persistence == "temporary":
        yield sight.finding("error", "it is a temporary table of another session", "name a permanent one")
    if table.persistence == "unlogged":
        replica = sight.server.identify().in_recovery
        text = (
            "an unlogged table cannot be read from a replica"
            if replica
            else "an unlogged table is empty after a crash of the server"
        )
        yield sight.finding(
            "error" if replica else "warning",
            text,
            f"let its owner run: alter table {table.relation.quoted} set logged;",
        )


def _columns(sight: Sight, structure: Structure, _leaves: tuple[Leaf, ...]) -> Iterator[Finding]:
    options, known = sight.stream.options, [column.name for column in structure.columns]
    named = {
        "cursor": [options.cursor],
        "split_by": [options.split_by],
        "select": options.select,
        "exclude": options.exclude,
    }
    for option, names in named.items():
        for name in names:
            if name is not None and name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"; there is `{near[0]}`" if near else ""
                yield sight.finding("error", f"there is no column `{name}`", f"correct `{option}:`{hint}")
    wanted = [column for column in structure.columns if _is_wanted(options, column.name)]
    closed = [column.name for column in wanted if not column.is_readable]
    if closed and structure.table.is_readable:
        text = f"the user may not read {Counter('column').of(len(closed))}: {', '.join(closed)}"
        yield sight.finding("warning", text, "let the owner grant select on them, or name them in `exclude:`")


def _is_wanted(options: Any, name: str) -> bool:
    return name in options.select if options.select else name not in options.exclude


def _key(sight: Sight, structure: Structure, _leaves: tuple[Leaf, ...]) -> Iterator[Finding]:
    stream = sight.stream
    known = [column.name for column in structure.columns]
    meant = {name: name if name in known else next(filter(partial(alike, name), known), "") for name in stream.key}
    missing = [name for name, column in meant.items() if not column]
    for name in missing:
        yield sight.finding("error", f"there is no column `{name}`", "correct `key:`")
    if stream.key and not missing:
        if not any(set(key.columns) <= set(meant.values()) for key in structure.keys):
            text = f"nothing on the server keeps `key: [{', '.join(stream.key)}]` unique"
            yield sight.finding(
                "warning", text, "make it the primary key, or add a unique index over columns that are never null"
            )
    elif structure.keys and not stream.key:
        key = structure.keys[0]
        called = "primary key" if key.is_primary else "unique index"
        yield sight.finding("note", f"its {called} is ({', '.join(key.columns)})", key=list(key.columns))
    elif not stream.key:
        yield sight.finding("note", "it has no key: rows that are changed cannot be told from new ones")


def _cursor(sight: Sight, structure: Structure, _leaves: tuple[Leaf, ...]) -> Iterator[Finding]:
    stream, name = sight.stream, sight.stream.options.cursor
    if name is None:
        if stream.mode in {"append", "dedupe"}:
            fix = "name a column that grows with every new or changed row in `cursor:`, or write `mode: replace`"
            yield sight.finding("error", f"mode {stream.mode} needs a cursor", fix)
        return
    column = structure.column(name)
    if column is None or not column.is_readable:
        return
    yield from _kept(sight, structure, column)
    if name not in structure.indexed and (structure.table.rows or 0) >= LARGE_ROWS:
        fix = f"let the owner run: create index concurrently on {structure.table.relation.quoted} ({quote(name)});"
        yield sight.finding(
            "warning", f"no index begins with the cursor `{name}`: each load looks through the whole table", fix
        )
    if column.nullable:
        yield from _nulls(sight, structure, name)


def _kept(sight: Sight, structure: Structure, cursor: Column) -> Iterator[Finding]:
    """Say what stands in the way of keeping where a cursor is, and which of its last rows are held."""
    stream = sight.stream
    if is_masked(stream, cursor):
        fix = "set `cursor:` to a column that is no secret, or write `mode: replace`"
        yield sight.finding(
            "error", f"the cursor `{cursor.name}` is masked, and a position keeps its last value in clear", fix
        )
    if stream.mode == "append" and structure.table.kind == "view":
        text = "rows of a view that share the last value are known again only if it writes them the same each time"
        yield sight.finding("note", text, "name columns that depend on the time or on chance in `exclude:`")
    if stream.mode == "append" and cursor.type.name == "date":
        text = f"all rows of a day share one value of the cursor `{cursor.name}`: where there are more than 100,000, none may come late"
        yield sight.finding(
            "note", text, "use a column of times or a growing number as the cursor, or `mode: dedupe` with a `key:`"
        )


def _nulls(sight: Sight, structure: Structure, name: str) -> Iterator[Finding]:
    """Count rows that a cursor never sees, if that does not take long."""
    nulls = _limited(sight, NULLS.format(table=structure.table.relation.quoted, cursor=quote(name), limit=MOST))
    if nulls is None:
        yield sight.finding(
            "note",
            f"the cursor `{name}` may be null; whether it is takes too long to find out",
            f"an index on {name} helps",
        )
    elif nulls:
        shown = f"{nulls:,}" if nulls < MOST else f"at least {MOST:,}"
        text = f"the cursor `{name}` is null in {shown} row{'' if nulls == 1 else 's'}, which are never loaded"
        yield sight.finding("warning", text, "fill it in, make it `not null`, or use another column", nulls=nulls)


def _limited(sight: Sight, query: str) -> int | None:
    """Return what a query counts; None if it takes longer than a person waits."""
    session = sight.session
    try:
        with session.transaction():
            session.execute(f"set local statement_timeout = '{PATIENCE_S}s'".encode())
            row = session.execute(query.encode()).fetchone()
    except session.OperationalError as error:
        if fault_of(error) is TIMEOUT:
            return None
        raise
    return int(row[0]) if row else 0


def _statement(sight: Sight, structure: Structure, _leaves: tuple[Leaf, ...]) -> Iterator[Finding]:
    """Let the server plan what would be read: a `filter:` that it does not understand is found before a load is."""
    condition = sight.stream.options.filter
    if condition and structure.table.is_readable:
        need_one_condition(sight.session, structure.table.relation.quoted, condition)
    yield from ()
