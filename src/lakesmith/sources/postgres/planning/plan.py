"""Which splits a load of a table has: all of it, or what its cursor has not seen yet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Ask, Split, StreamSpec
from lakesmith.sources.postgres.planning.cursors import Cursor
from lakesmith.sources.postgres.planning.keys import find_cuts
from lakesmith.sources.postgres.planning.known import Known
from lakesmith.sources.postgres.planning.parts import Pages, Part, key_parts, leaf_parts
from lakesmith.sources.postgres.planning.window import Window
from lakesmith.sources.postgres.position import CursorPlace, Place, canonical

if TYPE_CHECKING:
    from lakesmith.sources.postgres.options import PostgresOptions
    from lakesmith.sources.postgres.planning.snapshot import Snapshot

UNSIZED_PARTS = 4
"""A view is cut into this many parts for each connection, as nobody knows how large it is."""

KB = 1024
WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Token:
    """What reading a split needs: the snapshot and plan it belongs to, which of how many it is, and which rows are its.

    `looks_back`: its rows are those of the look-back window, some of which the lake holds. `last` is the cursor's value once all
    splits are read, None without a cursor or a row.
    """

    snapshot: str
    plan: str
    number: int
    count: int
    relation: str
    where: str
    looks_back: bool = False
    last: str | None = None

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
        return cls(**json.loads(token))


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
        if ask.resumes and since is not None:
            return self._rest(since, cursor)
        if cursor is None:
            return self._whole(None)
        before = since.cursor if since is not None else None
        last = self._last(cursor)
        if before is None or before.last is None:
            return [] if before is not None and last is None else self._whole(cursor, last)
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
        sees = cursor.sees if cursor is not None else ""
        return self._numbered(
            WHOLE, [replace(part, where=self.filtered(part.where, sees)) for part in self._parts()], last
        )

    def _parts(self) -> list[Part]:
        table, split_bytes = self.known.table, self.options.split_kb * KB
        relation = table.relation.quoted
        if self.stream.options.split_by is not None:
            column = self.known.column(self.stream.options.split_by, self.stream, "split_by")
            known_size = table.size_bytes if table.kind != "view" else None
            count = -(-known_size // split_bytes) if known_size else UNSIZED_PARTS * self.options.connections
            cuts = find_cuts(self.snapshot.session, relation, column, max(1, count), self.stream)
            return list(key_parts(relation, column.quoted, cuts))
        if not self.known.is_cut_by_pages:
            return [Part(str(table.relation), relation, size_bytes=table.size_bytes)]
        pages = Pages(split_bytes, self.snapshot.block_bytes) if self.snapshot.can_range else None
        return [part for leaf in self.known.leaves for part in leaf_parts(leaf, pages)]

    def _news(self, cursor: Cursor, before: CursorPlace) -> list[Split]:
        """Return what came since `before`: rows above its value, and rows of the look-back window that the lake does not hold."""
        since, relation = before.last or "", self.known.table.relation
        last = self._last(cursor, above=since)
        window = Window(self.snapshot.session, self.known, self.filtered(cursor.window(since)))
        parts: list[Part] = []
        if window.has_news(self.stream, before):
            parts.append(Part(f"{relation} back from the last value", relation.quoted, window.where))
        looks_back = len(parts)
        if last is not None:
            parts.append(
                Part(f"{relation} by {cursor.column.name}", relation.quoted, self.filtered(cursor.after(since)))
            )
        return self._numbered("news", parts, last or since, looks_back)

    def _numbered(self, kind: str, parts: Sequence[Part], last: str | None, looks_back: int = 0) -> list[Split]:
        """Return parts as splits; the first `looks_back` of them are windows."""
        snapshot = self.snapshot.name
        plan = f"{snapshot}:{self.known.table.oid}:{kind}"
        return [
            Split(
                self.stream.id,
                f"{part.name} in {snapshot}",
                resumable=False,
                size_bytes=part.size_bytes,
                token=Token(
                    snapshot, plan, number, len(parts), part.relation, part.where, number < looks_back, last
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
