"""What happens in a town: rows come, change, move and go, and so do columns, partitions, keys and the table's name."""

# ruff: noqa: S608 - the names and values are our own

from __future__ import annotations

from collections.abc import Callable

from lakesmith.testing.torture.postgres.town import Town
from lakesmith.testing.torture.postgres.words import RETYPES, VALUES
from lakesmith.testing.torture.servers.playing import Table, drawn, drawn_table

Doing = Callable[[Town], tuple[str, ...]]
PAD = 900
MOST_EXTRAS = 9


def _value(town: Town, kind: str) -> str:
    return "null" if town.chance.random() < 0.15 else f"({town.chance.choice(VALUES[kind])})::{kind}"  # noqa: PLR2004 - some


def _row(town: Town, stamp: str) -> str:
    town.number += 1
    shard, pad = (
        town.chance.choice(town.shards),
        f"repeat('{town.chance.choice('abcd')}', {town.chance.randint(0, PAD)})",
    )
    extras = "".join(f", {_value(town, kind)}" for kind in town.columns.values())
    return f"({town.number}, {shard}, {stamp}, {pad}{extras})"


def _insert(town: Town, stamps: list[str]) -> tuple[str, ...]:
    names = ", ".join((town.key, "shard", town.stamp, "pad", *town.columns))
    return (f"insert into {town.table} ({names}) values {', '.join(_row(town, stamp) for stamp in stamps)}",)


def _come(town: Town) -> tuple[str, ...]:
    return _insert(town, [town.tick()])


def _come_many(town: Town) -> tuple[str, ...]:
    return _insert(town, [town.tick(1) for _row in range(town.chance.randint(5, 40))])


def _come_late(town: Town) -> tuple[str, ...]:
    return _insert(town, [town.late()])


def _come_unseen(town: Town) -> tuple[str, ...]:
    return _insert(town, [f"({town.chance.choice(town.cursor.odd)})::{town.cursor.type}"])


def _changes(town: Town) -> str:
    named = town.chance.sample(sorted(town.columns), min(len(town.columns), town.chance.randint(1, 2)))
    pad = f"pad = repeat('{town.chance.choice('abcd')}', {town.chance.randint(0, 3 * PAD)})"
    return ", ".join([pad, *(f"{name} = {_value(town, town.columns[name])}" for name in named)])


def _touch(town: Town) -> tuple[str, ...]:
    return (f"update {town.table} set {town.stamp} = {town.tick()}, {_changes(town)} where {town.some()}",)


def _change_silently(town: Town) -> tuple[str, ...]:
    return (f"update {town.table} set {_changes(town)} where {town.some()}",)


def _touch_late(town: Town) -> tuple[str, ...]:
    return (f"update {town.table} set {town.stamp} = {town.late()}, {_changes(town)} where {town.some()}",)


def _touch_many(town: Town) -> tuple[str, ...]:
    rest = town.chance.randint(0, 6)
    return (f"update {town.table} set {town.stamp} = {town.tick()}, pad = pad || 'm' where {town.key} % 7 = {rest}",)


def _swap_values(town: Town) -> tuple[str, ...]:
    """Let rows of the window change places in one column: what is summed up over the column stays the same."""
    name = town.chance.choice(sorted(town.columns))
    low = max(0, town.number - 6)
    young = f"select {town.key}, {name}, row_number() over (order by {town.key}) as n, count(*) over () as c from {town.table} where {town.key} > {low}"
    pairs = f"select a.{town.key} as k, b.{name} as v from ({young}) a join ({young}) b on b.n = a.c + 1 - a.n"
    return (f"update {town.table} set {name} = p.v from ({pairs}) p where {town.table}.{town.key} = p.k",)


def _go(town: Town) -> tuple[str, ...]:
    return (f"delete from {town.table} where {town.some()}",)


def _go_many(town: Town) -> tuple[str, ...]:
    return (
        f"delete from {town.table} where {town.key} % 5 = {town.chance.randint(0, 4)} and {town.key} < {town.number - 20}",
    )


def _get_other_key(town: Town) -> tuple[str, ...]:
    town.number += 1
    bump = f", {town.stamp} = {town.tick()}" if town.chance.random() < 0.5 else ""  # noqa: PLR2004 - half of them
    return (f"update {town.table} set {town.key} = {town.number}{bump} where {town.some()}",)


def _move(town: Town) -> tuple[str, ...]:
    bump = f", {town.stamp} = {town.tick()}" if town.chance.random() < 0.5 else ""  # noqa: PLR2004 - half of them
    return (f"update {town.table} set shard = {town.chance.choice(town.shards)}{bump} where {town.some()}",)


ROWS: Table[Doing] = {
    "insert": (22, _come),
    "insert many": (4, _come_many),
    "insert late": (7, _come_late),
    "insert unseen": (2, _come_unseen),
    "update": (20, _touch),
    "update silently": (8, _change_silently),
    "update late": (3, _touch_late),
    "update many": (0.8, _touch_many),
    "swap values": (1, _swap_values),
    "delete": (12, _go),
    "delete many": (1, _go_many),
    "update key": (3, _get_other_key),
    "move": (4, _move),
}
"""What becomes of rows, with how often."""


def _empty(town: Town) -> tuple[str, ...]:
    return (f"truncate {town.table}",)


def _tidy(town: Town) -> tuple[str, ...]:
    return (f"vacuum {town.table}",)


def _tidy_whole(town: Town) -> tuple[str, ...]:
    return (f"vacuum full {town.table}",)


def _cluster(town: Town) -> tuple[str, ...]:
    name = town.fresh("i")
    index = f"create index {name} on {town.table} ({town.stamp})"
    return (index, f"cluster {town.table} using {name}", f"drop index {name}")


UPKEEP: Table[Doing] = {
    "vacuum": (2, _tidy),
    "vacuum full": (1.5, _tidy_whole),
    "cluster": (1, _cluster),
    "truncate": (0.5, _empty),
}


def _add(town: Town) -> tuple[str, ...]:
    if len(town.columns) >= MOST_EXTRAS:
        return _drop(town)
    name, kind = town.fresh("x"), town.chance.choice(sorted(VALUES))
    default = "" if town.chance.random() < 0.5 else f" default {_value(town, kind)}"  # noqa: PLR2004 - half of them
    town.columns[name] = kind
    return (f"alter table {town.table} add {name} {kind}{default}",)


def _drop(town: Town) -> tuple[str, ...]:
    if len(town.columns) < 2:  # noqa: PLR2004 - one has to stay
        return _add(town)
    name = town.chance.choice(sorted(town.columns))
    del town.columns[name]
    return (f"alter table {town.table} drop {name}",)


def _drop_and_add(town: Town) -> tuple[str, ...]:
    name = town.chance.choice(sorted(town.columns))
    kind = town.columns.pop(name)
    town.columns[name] = kind
    return (f"alter table {town.table} drop {name}, add {name} {kind} default {_value(town, kind)}",)


def _rename(town: Town) -> tuple[str, ...]:
    old, new = town.chance.choice(sorted(town.columns)), town.fresh("x")
    town.columns = {new if name == old else name: kind for name, kind in town.columns.items()}
    return (f"alter table {town.table} rename {old} to {new}",)


def _rename_known(town: Town) -> tuple[str, ...]:
    """Rename the cursor or the key, which the project then follows."""
    drops = tuple(f"drop table t_{shard}" for shard in town.away)  # they would not fit any more
    town.away = []
    if town.chance.random() < 0.5:  # noqa: PLR2004 - the one or the other
        old, new = town.stamp, town.fresh("seen")
        town.stamp = new
    else:
        old, new = town.key, town.fresh("id")
        town.key = new
    return (*drops, f"alter table {town.table} rename {old} to {new}")


def _swap(town: Town) -> tuple[str, ...]:
    if len(town.columns) < 2:  # noqa: PLR2004 - it takes two
        return _rename(town)
    one, other = town.chance.sample(sorted(town.columns), 2)
    names = {one: other, other: one}
    town.columns = {names.get(name, name): kind for name, kind in town.columns.items()}
    alter = f"alter table {town.table} rename"
    return (f"{alter} {one} to aside; {alter} {other} to {one}; {alter} aside to {other}",)


def _retype(town: Town) -> tuple[str, ...]:
    able = [name for name, kind in sorted(town.columns.items()) if kind in RETYPES]
    if not able:
        return _add(town)
    name = town.chance.choice(able)
    kind, how = town.chance.choice(RETYPES[town.columns[name]])
    town.columns[name] = kind
    using = f" using {how.format(name)}" if how else ""
    drop = f"alter table {town.table} alter {name} drop default; "
    return (f"{drop}alter table {town.table} alter {name} type {kind}{using}",)


def _comment(town: Town) -> tuple[str, ...]:
    return (f"comment on column {town.table}.{town.chance.choice(sorted(town.columns))} is 'said {town.fresh('c')}'",)


def _rename_table(town: Town) -> tuple[str, ...]:
    old, town.table = town.table, "t_moved" if town.table == "t" else "t"
    return (f"alter table {old} rename to {town.table}",)


def _change_key(town: Town) -> tuple[str, ...]:
    keys = f"{town.key}, shard" if town.is_parted else town.chance.choice((town.key, f"{town.key}, shard"))
    find = f"select conname from pg_constraint where conrelid = '{town.table}'::regclass and contype = 'p'"
    drop = f"execute (select 'alter table {town.table} drop constraint ' || quote_ident(({find})))"
    return (f"do $$ begin {drop}; end $$; alter table {town.table} add primary key ({keys})",)


def _part(town: Town) -> tuple[str, ...]:
    """Detach a partition, attach one again, or add one."""
    if not town.is_parted:
        return _comment(town)
    if town.away and town.chance.random() < 0.6:  # noqa: PLR2004 - mostly
        if attach(town):
            return ()
        shard = town.away.pop()
        town.shards.append(shard)
        return (_alike(town, shard), f"alter table {town.table} attach partition t_{shard} for values in ({shard})")
    if len(town.shards) > 1 and town.chance.random() < 0.6:  # noqa: PLR2004 - mostly
        shard = town.shards.pop(0)
        town.away.append(shard)
        return (f"alter table {town.table} detach partition t_{shard}",)
    shard = max([*town.shards, *town.away]) + 1
    town.shards.append(shard)
    return (f"create table t_{shard} partition of {town.table} for values in ({shard})",)


def attach(town: Town) -> bool:
    """Attach a partition as it is; whether it fits still."""
    if not town.away:
        return False
    shard = town.away[-1]
    if not town.execute("partition", f"alter table {town.table} attach partition t_{shard} for values in ({shard})"):
        return False
    town.shards.append(town.away.pop())
    return True


def _alike(town: Town, shard: int) -> str:
    """Return a statement that gives a table the columns that the others have by now, in an order of its own."""
    shown = "string_agg(format('%I', attname), ', ' order by attnum)"
    of = "pg_attribute where attnum > 0 and not attisdropped and attrelid"
    same = "a.attname = b.attname and a.atttypid = b.atttypid and a.atttypmod = b.atttypmod"
    both = (
        f"select {shown.replace('attname', 'a.attname').replace('attnum', 'a.attnum')} from (select * from {of} = 't_{shard}'::regclass) a "
        f"join (select * from {of} = '{town.table}'::regclass) b on {same}"
    )
    return (
        f"do $$ declare named text := ({both}); begin create table other (like {town.table}); "
        f"execute format('insert into other (%s) select %s from t_{shard}', named, named); "
        f"delete from other where {town.key} is null or exists (select from {town.table} o where o.{town.key} = other.{town.key}); "
        f"drop table t_{shard}; alter table other rename to t_{shard}; end $$"
    )


DDL: Table[Doing] = {
    "add column": (4, _add),
    "drop column": (2, _drop),
    "drop and add column": (1, _drop_and_add),
    "rename column": (3, _rename),
    "rename cursor or key": (0.7, _rename_known),
    "swap columns": (1, _swap),
    "retype column": (3, _retype),
    "comment": (1, _comment),
    "rename table": (1, _rename_table),
    "change key": (1, _change_key),
    "partition": (3, _part),
}
"""What becomes of the table itself."""
TABLES: tuple[tuple[float, Table[Doing]], ...] = ((100, ROWS), (2, UPKEEP), (3, DDL))


def live(town: Town) -> None:
    """Let one thing happen."""
    chance, fate = town.chance, town.chance.random()
    if fate < 0.04:  # noqa: PLR2004 - now and then a transaction begins
        town.begin()
    if town.open and fate > 0.95:  # noqa: PLR2004 - and one ends
        town.end(chance.choice(town.open))
        return
    table = drawn_table(chance, TABLES)
    name = drawn(chance, table)
    if table is ROWS:
        session = chance.choice([*town.open, None, None])
        _do(town, name, table[name][1](town), session)
        return
    alter(town, name, table[name][1])


def alter(town: Town, name: str, doing: Doing) -> None:
    """Do something that needs the table for itself: transactions end before it."""
    if name != "vacuum":
        for session in tuple(town.open):
            town.end(session)
    _do(town, name, doing(town), None)


def _do(town: Town, name: str, statements: tuple[str, ...], session: object) -> None:
    for sql in statements:
        town.execute(name, sql, session)
