"""The source made wrong in one way at a time: the histories have to notice each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from lakesmith.testing.torture.mutants import Patches
from lakesmith.testing.torture.postgres.history import Theme
from lakesmith.testing.torture.servers.mutants import Mutant

POSTGRES = "lakesmith.sources.postgres"


def _window_without_its_end(patches: Patches) -> None:
    """Look back on the rows below the last value alone: ties with it are lost."""
    patches.put(
        f"{POSTGRES}.planning.cursors",
        "Cursor.window",
        lambda old: lambda self, last: old(self, last).replace(" <= ", " < "),
    )


def _window_without_its_start(patches: Patches) -> None:
    """Leave out the rows that lie as far back as one looks."""
    patches.put(
        f"{POSTGRES}.planning.cursors",
        "Cursor.window",
        lambda old: lambda self, last: old(self, last).replace(" >= ", " > ", 1),
    )


def _above_and_at(patches: Patches) -> None:
    """Read the last value again as if it were new."""
    patches.put(
        f"{POSTGRES}.planning.cursors",
        "Cursor.after",
        lambda old: lambda self, last: old(self, last).replace(" > ", " >= ", 1),
    )


def _no_look_back(patches: Patches) -> None:
    """Look at ties alone, whatever the project says."""
    patches.put(f"{POSTGRES}.planning.cursors", "Cursor._lower", lambda _old: lambda self, last: self._value(last))


def _last_page_known(patches: Patches) -> None:
    """End the last range of pages one page early, as if the size had been asked for before the last rows came."""

    def ended(old: Any) -> Any:
        def parts(leaf: Any, pages: Any) -> Iterator[Any]:
            found = list(old(leaf, pages))
            if len(found) > 1:
                first = int(found[-1].where.split("(")[1].split(",")[0])
                found[-1] = replace(found[-1], where=f"{found[-1].where} and ctid < '({first},1)'::tid")
            yield from found

        return parts

    patches.put(f"{POSTGRES}.planning.parts", "leaf_parts", ended)
    _cut_otherwise(patches, lambda first, until: (first, first if until is None else until))


def _ranges_overlap(patches: Patches) -> None:
    """Let each range of pages begin a page too early."""

    def early(old: Any) -> Any:
        def parts(leaf: Any, pages: Any) -> Iterator[Any]:
            for part in old(leaf, pages):
                at = part.where.partition("ctid >= '(")[2].partition(",")[0]
                yield replace(part, where=part.where.replace(f">= '({at},", f">= '({int(at) - 1},")) if at else part

        return parts

    patches.put(f"{POSTGRES}.planning.parts", "leaf_parts", early)
    _cut_otherwise(patches, lambda first, until: (max(0, first - 1), until))


def _cut_otherwise(patches: Patches, cut: Callable[[int, int | None], tuple[int, int | None]]) -> None:
    """Change the pages that are read in blocks as well."""

    def otherwise(old: Any) -> Any:
        def ranges(self: Any) -> Any:
            found = old(self)
            return {name: cut(*pages) for name, pages in found.items()} if len(found) > 1 else found

        return ranges

    patches.put(f"{POSTGRES}.planning.plan", "Planning._ranges", otherwise)


def _each_its_own(patches: Patches) -> None:
    """Read every split in a snapshot of its own connection."""

    def alone(_old: Any) -> Any:
        return lambda session, _key, _scene: session.rows("begin isolation level repeatable read, read only")

    patches.put(f"{POSTGRES}.reading.session", "_enter", alone)


def _plan_of_another_time(patches: Patches) -> None:
    """Cut the table by pages as a statement sees them that is in no snapshot, and read in a later one."""

    def anew(old: Any) -> Any:
        def need(self: Any, name: str, where: str) -> Any:
            snapshot = old(self, name, where)
            if not getattr(self, "renewed", False):
                self.renewed = True
                snapshot.session.execute("commit")
                snapshot.session.execute("begin isolation level repeatable read, read only")
                snapshot.key = snapshot.session.execute("select pg_export_snapshot()").fetchone()[0]
                snapshot.readers.close()
            return snapshot

        return need

    patches.put(f"{POSTGRES}.planning.snapshot", "SnapshotHolder.need", anew)


def _held_again(patches: Patches) -> None:
    """Read the rows of the window as if none of them were held."""
    patches.put(f"{POSTGRES}.reading.reader", "_is_new", lambda _old: lambda _mark, _held: True)


def _held_once(patches: Patches) -> None:
    """Take rows of the window for held if they are older than it: nothing late is ever news."""
    patches.put(f"{POSTGRES}.planning.window", "Window.has_news", lambda _old: lambda _self, _stream, _before: False)


def _position_by_clock(patches: Patches) -> None:
    """Let the cursor stand at what is the greatest value when the plan is read, not in the snapshot."""

    def later(_old: Any) -> Any:
        def last(self: Any, cursor: Any, above: str | None = None) -> str | None:
            from psycopg import connect

            where = self.filtered(cursor.sees if above is None else cursor.after(above))
            name, relation = cursor.column.quoted, self.known.table.relation.quoted
            info = self.snapshot.session.info
            with connect(info.dsn, password=info.password, autocommit=True) as other:
                other.execute("set timezone = 'UTC'")
                query = f"select {name}::text from (select {name} from {relation} where {where} order by {name} desc limit 1) as n"  # noqa: S608 - a mutant
                row = other.execute(query.encode()).fetchone()
            return str(row[0]) if row else None

        return last

    patches.put(f"{POSTGRES}.planning.plan", "Planning._last", later)


def _names_unproven(patches: Patches) -> None:
    """Do not look whether columns are called what they were when the snapshot was taken."""

    def trusting(_old: Any) -> Any:
        def lock(session: Any, known: Any, _where: str) -> None:
            session.execute(f"select from {known.table.relation.quoted} limit 0".encode())

        return lock

    patches.put(f"{POSTGRES}.planning.known", "_lock", trusting)


def _same_by_count(patches: Patches) -> None:
    """Take a window for the same where it has as many rows, though what told them apart is gone."""

    def counting(_old: Any) -> Any:
        def has_more(self: Any, _stream: Any, before: Any) -> bool:
            return bool(self.sum(self.known.structure.columns)[0] != str(len(before.held)))

        return has_more

    patches.put(f"{POSTGRES}.planning.window", "Window._has_more", counting)


def _renames_unfollowed(patches: Patches) -> None:
    """Take a renamed column for a new one."""
    patches.put(f"{POSTGRES}.planning.identity", "names_before", lambda _old: lambda _before, _now: None)


def _numbers_of_a_build_again(patches: Patches) -> None:
    """Number a rollback above what readers saw, as if nothing was built aside."""

    def seen(_old: Any) -> Any:
        return lambda metadata: max(one.number("lakesmith.ordinal") for one in metadata.ancestors())

    patches.put_only(import_module("lakesmith.lake.commits.generations"), "highest_known", seen)


def _names_stay(patches: Patches) -> None:
    """Leave columns the names they have when rows come back that were called otherwise."""
    patches.put_only(
        import_module("lakesmith.lake.commits.generations"), "returned", lambda _old: lambda now, _then: now
    )


TORN = ("lost", "doubled", "wrong")
"""What a read of several moments may come to."""
MUTANTS: dict[str, Mutant] = {
    "window > instead of >=": Mutant(_window_without_its_start, ("lost",)),
    "window without the last value": Mutant(_window_without_its_end, ("lost",)),
    "the last value read again": Mutant(_above_and_at, ("doubled",)),
    "no look-back": Mutant(_no_look_back, ("lost",)),
    "last range not open-ended": Mutant(_last_page_known, ("lost",)),
    "ranges overlap": Mutant(_ranges_overlap, ("doubled", "refused")),
    "snapshot not shared": Mutant(_each_its_own, TORN),
    "ranges under another snapshot": Mutant(_plan_of_another_time, TORN),
    "held rows not filtered": Mutant(_held_again, ("doubled",)),
    "late rows never news": Mutant(_held_once, ("lost",)),
    "cursor's last value not of the snapshot": Mutant(_position_by_clock, ("lost",)),
    "names of columns not proven": Mutant(_names_unproven, ("wrong", "refused"), Theme(altering="swap columns")),
    "window the same by its count": Mutant(
        _same_by_count, ("lost",), Theme(before=("drop column", "update silently", "update silently"))
    ),
    "renames not followed": Mutant(_renames_unfollowed, ("lost", "wrong"), Theme(before=("rename column",))),
    "rollback numbered as if nothing was built aside": Mutant(
        _numbers_of_a_build_again, ("order",), Theme(returns=True)
    ),
    "names not given back": Mutant(_names_stay, ("lost", "wrong"), Theme(before=("rename column",), returns=True)),
}
