"""Which splits a load of a table has: all of it, or what its cursor has not seen yet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import Ask, Split, StreamSpec, canonical
from lakesmith.sources.postgres.planning.continuing import hash_of, need_continued
from lakesmith.sources.postgres.planning.cursors import Cursor
from lakesmith.sources.postgres.planning.filters import need_one_condition
from lakesmith.sources.postgres.planning.keeping import Keeping, raised
from lakesmith.sources.postgres.planning.keys import find_cuts
from lakesmith.sources.postgres.planning.known import Known
from lakesmith.sources.postgres.planning.parts import Pages, Part, key_parts, leaf_parts
from lakesmith.sources.postgres.planning.telling import Telling, is_masked, sum_query
from lakesmith.sources.postgres.planning.window import Window
from lakesmith.sources.postgres.position import CursorPlace, Place

if TYPE_CHECKING:
    from lakesmith.sources.postgres.catalog.values import Leaf
    from lakesmith.sources.postgres.options import PostgresOptions
    from lakesmith.sources.postgres.planning.snapshot import Snapshot

UNSIZED_PARTS = 4
"""A view is cut into this many parts for each connection, as nobody knows how large it is."""

MOST_PARTS = 8_192
"""About how many parts a plan cuts a table into at most: every load lists all of them, and what is left of the list goes into checkpoints."""

PARTS_EACH = 4
"""Into how many parts for each connection a table is cut at least, if they are no smaller than `LEAST_BYTES`."""

KB = 1024
LEAST_BYTES = 16 * KB * KB
WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Token:
    """What reading a split needs: the snapshot and plan it belongs to, which of how many it is, and which rows are its.

    `marks`: the expression of a row's fingerprint, by which those that the lake holds are left out; `order`: what its rows come in the
    order of. Both are empty otherwise. `keeping`: what the last split of a cursor leaves behind, None without a cursor. `pages`: where its
    rows lie, from the first page to the one that is not read any more, None for the end of the table; None where that is not known.
    """

    snapshot: str
    plan: str
    number: int
    count: int
    relation: str
    where: str
    marks: str = ""
    order: str = ""
    keeping: Keeping | None = None
    pages: tuple[int, int | None] | None = None

    @property
    def whole(self) -> str | None:
        """The plan, where it is one of all rows."""
        return self.plan if self.plan.endswith(f":{WHOLE}") else None

    @property
    def is_last(self) -> bool:
        """Whether the plan ends with it."""
        return self.number + 1 == self.count

    def encode(self) -> bytes:
        """Return it as canonical JSON."""
        return canonical(asdict(self))

    @classmethod
    def decode(cls, token: bytes) -> Token:
        """Return what a split's token says."""
        plain = json.loads(token)
        keeping, pages = plain.pop("keeping"), plain.pop("pages")
        return cls(**plain, keeping=Keeping.of(keeping) if keeping else None, pages=tuple(pages) if pages else None)


@dataclass(frozen=True, slots=True)
class Planning:
    """One question: which splits has a load of `stream`, whose table is `known` in `snapshot`."""

    stream: StreamSpec
    known: Known
    snapshot: Snapshot
    options: PostgresOptions

    def splits(self, ask: Ask) -> list[Split]:
        """Return the splits of the whole table, or what a cursor has yet to see.

        Raises:
            ConnectorOptionsError: If a column that the options name is not there or of no use.
            SourceDataError: If rows that came late cannot be told from those the lake holds.
        """
        since = Place.decode(ask.since)
        cursor = self.cursor()
        if self.stream.options.filter is not None:
            need_one_condition(self.snapshot.session, self.known.table.relation.quoted, self.stream.options.filter)
        if ask.resumes and since is not None:
            return self._rest(since, cursor)
        if cursor is None:
            return self._whole(None)
        before = since.cursor if since is not None else None
        if since is None or before is None or before.last is None:
            last = self._last(cursor)
            return [] if before is not None and last is None else self._whole(cursor, last)
        need_continued(since, cursor.column, self.stream)
        return self._news(cursor, before)

    def cursor(self) -> Cursor | None:
        """Return the stream's cursor; None for streams that are read as a whole each time.

        Raises:
            ConnectorOptionsError: If the stream needs one and has none, or it cannot be one.
        """
        name = self.stream.options.cursor
        if self.stream.mode == "replace":
            if name is not None:
                raise ConnectorOptionsError(
                    f"{self.stream.id} has a cursor, and `mode: replace` reads all of the table each time.",
                    where=self.stream.where,
                    fix="set `mode: dedupe` with a `key:`, or `mode: append` where rows never change; or leave `cursor:` out",
                )
            return None
        if name is None:
            raise ConnectorOptionsError(
                f"{self.stream.id} is read by `mode: {self.stream.mode}`, which needs a cursor.",
                where=self.stream.where,
                fix="set `cursor:` to a column that grows with every row that is new or changed, or `mode: replace`",
            )
        column = self.known.column(name, self.stream, "cursor")
        if is_masked(self.stream, column):
            raise ConnectorOptionsError(
                f"The cursor `{name}` of {self.stream.id} is masked, and a position keeps its last value in clear.",
                where=self.stream.where,
                fix="set `cursor:` to a column that is no secret, or use `mode: replace`",
            )
        return Cursor.of(self.stream, column, self.snapshot.session.info.server_version)

    def filtered(self, *conditions: str) -> str:
        """Return conditions and the stream's own filter as one, empty for all rows."""
        own = self.stream.options.filter
        # on a line of its own: a comment at the filter's end must not swallow what follows
        return " and ".join(f"({one})" for one in (*conditions, f"\n{own}\n" if own else "") if one)

    def _rest(self, since: Place, cursor: Cursor | None) -> list[Split]:
        """Return what is left of a plan that was cut off; all of it under another snapshot, whose names are other ones.

        A plan that was read to its end and not swapped in is no better: somebody who loads now wants what is there now.
        """
        whole = self._whole(cursor, self._last(cursor) if cursor is not None else None)
        plan, done = (since.cut_off.plan, since.cut_off.done) if since.cut_off else (since.whole, len(whole))
        is_same = whole and Token.decode(whole[0].token).plan == plan
        return whole[done:] if is_same else whole

    def _whole(self, cursor: Cursor | None, last: str | None = None) -> list[Split]:
        if cursor is None:
            return self._numbered(WHOLE, [replace(part, where=self.filtered(part.where)) for part in self._parts()])
        # the filter may speak of the time: rows that it lets through later than `last` was asked for are those of the next load
        seen = (cursor.sees, cursor.upto(last))
        parts = self._parts() if self._is_unique else [Part(str(self.known.table.relation), self._relation)]
        order = "" if self._is_unique else self._order(cursor)
        made = [replace(part, where=self.filtered(part.where, *seen), order=order) for part in parts]
        return self._numbered(WHOLE, made if last is not None else made[:1], self._keeping(cursor, last))

    @property
    def _relation(self) -> str:
        return self.known.table.relation.quoted

    @property
    def _is_unique(self) -> bool:
        """Whether no two rows have to come in the order of their cursor, the one that counts last: no two share their key."""
        return self.stream.mode != "dedupe" or self.known.is_unique(self.stream.key)

    def _order(self, cursor: Cursor) -> str:
        return f"{self._relation}.{cursor.column.quoted}"  # by itself the name would mean what is selected under it, maybe a text

    def _parts(self) -> list[Part]:
        table = self.known.table
        relation = table.relation.quoted
        if self.stream.options.split_by is not None:
            column = self.known.column(self.stream.options.split_by, self.stream, "split_by")
            known_size = table.size_bytes if table.kind != "view" else None
            split_bytes = self._split_bytes(known_size or 0)
            count = -(-known_size // split_bytes) if known_size else UNSIZED_PARTS * self.options.lanes
            cuts = find_cuts(self.snapshot.session, relation, column, max(1, count), self.stream)
            return list(key_parts(relation, column.quoted, cuts))
        if not self.known.is_cut_by_pages:
            return [Part(str(table.relation), relation, size_bytes=table.size_bytes)]
        return [part for leaf in self.known.leaves for part in leaf_parts(leaf, self._pages)]

    @property
    def _pages(self) -> Pages | None:
        """How heaps are cut, None if the server does not find a range of pages without looking at all others."""
        size = sum(leaf.size_bytes or 0 for leaf in self.known.leaves)
        return Pages(self._split_bytes(size), self.snapshot.block_bytes) if self.snapshot.can_range else None

    def _split_bytes(self, size: int) -> int:
        """Return how large the parts of a table of `size` bytes are: small enough that all connections end about together."""
        fair = max(LEAST_BYTES, -(-size // (PARTS_EACH * self.options.lanes)))
        return max(min(self.options.split_kb * KB, fair), -(-size // MOST_PARTS))

    def _ranges(self) -> dict[str, tuple[int, int | None]]:
        """Return the pages of each part of a heap, by the part's name."""
        found: dict[str, tuple[int, int | None]] = {}
        if self._pages is None or not self.known.is_cut_by_pages:
            return found
        step = self._pages.of_part
        for leaf in self.known.leaves:
            names = [part.name for part in leaf_parts(leaf, self._pages)] if leaf.has_ctid else []
            ends = [*(number * step for number in range(1, len(names))), None]
            found.update(
                (name, (number * step, end)) for number, (name, end) in enumerate(zip(names, ends, strict=False))
            )
        return found

    def _news(self, cursor: Cursor, before: CursorPlace) -> list[Split]:
        """Return what came since `before`: rows above its value, and rows of the look-back window that the lake does not hold."""
        since, name = before.last or "", f"{self.known.table.relation} by {cursor.column.name}"
        back = self._reaching(cursor, before)
        last = self._last(cursor, above=since)
        late, new = back.window(since), f"{cursor.after(since)} and {cursor.upto(last)}"
        window = Window(self.snapshot.session, self.known, self.filtered(late))
        parts = self._came_with_partitions(back, before)
        looks_back = window.has_news(self.stream, before)
        if (
            not self._is_unique
        ):  # what is late may be older than another row of its key: those are read once more, in their order
            wanted = [f"({one})" for one, is_wanted in ((late, looks_back), (new, last is not None)) if is_wanted]
            if wanted:
                where = self.filtered(" or ".join(wanted))
                parts.append(Part(name, self._relation, where, order=self._order(cursor)))
            return self._numbered("news", parts, self._keeping(cursor, last or since, before)) if parts else []
        if looks_back:
            back_name = f"{self.known.table.relation} back from the last value"
            parts.append(Part(back_name, self._relation, window.where, marks=window.marks(before)))
        if last is not None:
            parts.append(Part(name, self._relation, self.filtered(new)))
        return self._numbered("news", parts, self._keeping(cursor, last or since, before)) if parts else []

    def _reaching(self, cursor: Cursor, before: CursorPlace) -> Cursor:
        """Return the cursor that looks back as far as the fingerprints go; where a row may be read again, as far as it is told to."""
        then = cursor.reaching(before.reach)
        is_longer = (cursor.look_back or 0) > (then.look_back or 0)
        return cursor if is_longer and self.stream.mode == "dedupe" else then

    def _came_with_partitions(self, cursor: Cursor, before: CursorPlace) -> list[Part]:
        """Return the parts of partitions that came since, with rows too old for the cursor to see.

        Raises:
            SourceDataError: If they have any, and reading them does harm if the lake holds them.
        """
        came = [leaf for leaf in self.known.leaves if before.leaves and leaf.oid not in before.leaves]
        parts = [self._older_rows(leaf, cursor.below(before.last or "")) for leaf in came]
        found = [part for part in parts if self._has_rows(part)]
        if found and not (self.stream.mode == "dedupe" and self._is_unique):
            raise SourceDataError(
                f"Partitions came to {self.known.table.relation} with rows before the cursor's last value; whether the lake holds them is not known.",
                where=self.stream.where,
                fix=f"load everything anew: lakesmith rebuild {self.stream.id}",
            )
        return found

    def _older_rows(self, leaf: Leaf, below: str) -> Part:
        name = f"{leaf.relation} before the last value"
        if leaf.is_readable:
            return Part(name, f"only {leaf.relation.quoted}", self.filtered(below))
        return Part(name, self._relation, self.filtered(below, f"tableoid = {leaf.oid}"))

    def _has_rows(self, part: Part) -> bool:
        query = f"select from {part.relation} where {part.where} limit 1"
        return self.snapshot.session.execute(query.encode()).fetchone() is not None

    def _keeping(self, cursor: Cursor, last: str | None, before: CursorPlace | None = None) -> Keeping:
        """Return what the load leaves behind; `before` is what it goes on from."""
        place = CursorPlace(
            cursor.column.name,
            last,
            attnum=cursor.column.attnum,
            type=cursor.column.type.shown,
            reach=cursor.reach,
            filter=hash_of(self.stream.options.filter),
            leaves=tuple(sorted(leaf.oid for leaf in self.known.leaves)),
        )
        if last is None:
            return Keeping(place)
        rows, is_append = f"{self._relation} where {self.filtered(cursor.window(last))}", self.stream.mode == "append"
        telling = Telling.of(self.stream, self.known, cursor.column)
        keeping = Keeping.told(place, rows, telling, self.known.written, sums=is_append)
        seen = self._answer(sum_query(keeping.mark, rows)) if is_append and self.known.table.kind == "view" else ()
        return replace(keeping, seen=seen, notices=raised(self.stream, cursor, before))

    def _answer(self, query: str) -> tuple[str, ...]:
        return tuple(self.snapshot.session.execute(query.encode()).fetchone() or ())

    def _numbered(self, kind: str, parts: Sequence[Part], keeping: Keeping | None = None) -> list[Split]:
        """Return parts as splits."""
        snapshot = self.snapshot.name
        ranges, pages = self._ranges(), self._pages
        # a table that grew may be cut at other pages: that is another plan, of which nothing was read
        cut = f"{pages.of_part}:" if ranges and pages is not None else ""
        plan = f"{snapshot}:{self.known.table.oid}:{cut}{kind}"
        return [
            Split(
                self.stream.id,
                f"{part.name} in {snapshot}",
                resumable=False,
                size_bytes=part.size_bytes,
                token=Token(
                    snapshot,
                    plan,
                    number,
                    len(parts),
                    part.relation,
                    part.where,
                    part.marks,
                    part.order,
                    keeping if number + 1 == len(parts) else None,
                    ranges.get(part.name),
                ).encode(),
                bound=True,
            )
            for number, part in enumerate(parts)
        ]

    def _last(self, cursor: Cursor, above: str | None = None) -> str | None:
        """Return the cursor's greatest value, above a value if one is given; None if no row has one."""
        where = self.filtered(cursor.sees if above is None else cursor.after(above))
        name, relation = cursor.column.quoted, self.known.table.relation.quoted
        # ordered below, where the name means the column and not its text
        query = f"select {name}::text from (select {name} from {relation} where {where} order by {name} desc limit 1) as newest"  # noqa: S608 - names are quoted, values are literals
        row = self.snapshot.session.execute(query.encode()).fetchone()
        return str(row[0]) if row else None
