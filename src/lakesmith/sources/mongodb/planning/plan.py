"""Which splits a load of a collection has: all of it, or what its cursor has not seen yet."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import Ask, Split, StreamSpec, canonical
from lakesmith.sources.mongodb.elements import Element
from lakesmith.sources.mongodb.planning.continuing import is_masked, need_continued
from lakesmith.sources.mongodb.planning.cursors import Cursor
from lakesmith.sources.mongodb.planning.filters import hash_of
from lakesmith.sources.mongodb.planning.looking import Looking, has_more
from lakesmith.sources.mongodb.planning.ranges import ranges
from lakesmith.sources.mongodb.position import CursorPlace, Held, Part, Place, Plan, Whole

KB = 1024
LARGE_BYTES = 16 * KB * KB
"""From this size on a collection is cut into several parts for each process, as many for each, though fewer would do."""
PER_LANE = 2
LEAST_BYTES = 4 * KB * KB
WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Token:
    """What reading a split needs: its number and that of all in its plan, and which documents are its.

    `start` is the place that its plan begins at, with all of the plan, in the first split of a new one alone. `end` is where the
    cursor will be, without its fingerprints, None without a cursor.
    """

    plan: str
    number: int
    count: int
    uuid: str
    part: Part = field(default_factory=Part)
    is_ranged: bool = False
    start: Place | None = None
    end: CursorPlace | None = None
    notices: tuple[str, ...] = ()

    @property
    def is_last(self) -> bool:
        """Whether the plan ends with it."""
        return self.number + 1 == self.count

    def encode(self) -> bytes:
        """Return it as canonical JSON."""
        told: dict[str, Any] = {
            "plan": self.plan,
            "number": self.number,
            "count": self.count,
            "uuid": self.uuid,
            "part": self.part.listed(),
            "is_ranged": self.is_ranged,
            "notices": self.notices,
        }
        told |= {"start": json.loads(self.start.encode())} if self.start else {}
        told |= {"end": asdict(self.end)} if self.end else {}
        return canonical(told)

    @classmethod
    def decode(cls, token: bytes) -> Token:
        """Return what a split's token says."""
        plain = json.loads(token)
        start, end = plain.pop("start", None), plain.pop("end", None)
        return cls(
            **{**plain, "part": Part(**plain["part"]), "notices": tuple(plain["notices"])},
            start=Place.decode(canonical(start)) if start else None,
            end=CursorPlace.of(end) if end else None,
        )


@dataclass(frozen=True, slots=True)
class Sized:
    """How large a collection is, by the server's books, and whether its `_id`s can be read by ranges."""

    documents: int = 0
    bytes: int = 0
    is_ranged: bool = False

    def count(self, split_bytes: int, lanes: int) -> int:
        """Return in how many parts it is read."""
        if not self.is_ranged or not self.bytes:
            return 1
        parts = -(-self.bytes // split_bytes)
        if self.bytes >= LARGE_BYTES:
            parts = max(parts, min(PER_LANE * lanes, self.bytes // LEAST_BYTES))
            parts = -(-parts // lanes) * lanes
        return max(1, min(parts, self.documents))


@dataclass(frozen=True, slots=True)
class Planning:
    """One question: which splits has a load of `stream`; `lanes` of them are read at a time."""

    stream: StreamSpec
    looking: Looking
    sized: Sized
    split_bytes: int
    lanes: int

    @property
    def place(self) -> Place:
        """Where a load begins of which nothing was read."""
        collection = self.looking.collection
        return Place(self.looking.server.address.database, collection.name, collection.uuid)

    def whole(self, name: str, cuts: Sequence[Element] | None = None) -> list[Split]:
        """Return the splits of all documents, under the name of a plan that no other load can go on with."""
        parts = ranges(self.cuts() if cuts is None else cuts)
        return [replace(self._split(name, number, len(parts), part), bound=True) for number, part in enumerate(parts)]

    def cuts(self) -> list[Element]:
        """Return the `_id`s that the collection is cut at."""
        return self.looking.cuts(self.sized.count(self.split_bytes, self.lanes), self.sized.documents)

    def with_cursor(self, ask: Ask) -> list[Split]:
        """Return what is left of a plan that was begun, or all documents for the first load, or what came since.

        Raises:
            ConnectorOptionsError: If the cursor cannot be used as the options name it.
            SourceDataError: If documents that came late cannot be told from those the lake holds.
        """
        self._need_cursor()
        since = Place.decode(ask.since)
        if since is not None:
            need_continued(since, self.stream, hash_of(self.looking.filter))
        if since is not None and since.plan is not None and since.plan.end.last:
            return self._rest(since, since.plan, is_asked_for=not ask.resumes)
        before = since.cursor if since is not None else None
        if before is None or not before.last:
            return self._first(before)
        if ask.resumes:
            return []
        return self._news(since or self.place, before)

    def _need_cursor(self) -> None:
        name = self.stream.options.cursor
        if name is None:
            raise ConnectorOptionsError(
                f"{self.stream.id} is read by `mode: {self.stream.mode}`, which needs a cursor.",
                where=self.stream.where,
                fix="set `cursor:` to a field that grows with every document that is new or changed, or `mode: replace`",
            )
        if is_masked(self.stream, name):
            raise ConnectorOptionsError(
                f"The cursor `{name}` of {self.stream.id} is masked, and a position keeps its last value in clear.",
                where=self.stream.where,
                fix="set `cursor:` to a field that is no secret, or use `mode: replace`",
            )

    def _first(self, before: CursorPlace | None) -> list[Split]:
        """Return the ranges of all documents below the window of the cursor's last value, and that window.

        The value is asked for first: what comes or changes while the ranges are read lies above it, and is the next load's.
        """
        name = self.stream.options.cursor
        bracket = self.looking.bracket(name)
        cursor = Cursor.of(self.stream, bracket) if bracket else None
        last = self.looking.last(name, bracket) if bracket else None
        if cursor is None or last is None:
            return [] if before is not None else self._begun(CursorPlace(name), (Part(is_window=True),))
        lower = cursor.lower(last)
        below = [replace(part, below=lower.text) for part in ranges(self.cuts())]
        window = Part(since=lower.text, upto=last.text, is_marked=True)
        return self._begun(self._end(cursor, last, lower), (*below, window))

    def _rest(self, since: Place, plan: Plan, *, is_asked_for: bool) -> list[Split]:
        """Return what is left of a plan that was cut off, and behind it what came meanwhile, if it `is_asked_for`.

        Documents that came late are looked for once more where that was done before: all others are yet to be read.
        """
        cursor, last_then = Cursor.of(self.stream, plan.end.bracket), Element.of_text(plan.end.last)
        last = self.looking.last(cursor.field, cursor.bracket, above=last_then) if is_asked_for else None
        if last is None:
            return self._listed(plan)
        before, parts = since.cursor, list(plan.parts)
        if before is not None and before.last and plan.done and parts[0].is_window:
            parts.append(parts[0])
        parts.append(Part(above=plan.end.last, upto=last.text, is_marked=True))
        lower = max(cursor.lower(last), Element.of_text(plan.end.lower), key=lambda value: value.rank)
        end = replace(self._end(cursor, last, lower, plan.end), held=plan.end.held)
        return self._begun(end, tuple(parts), since, cut_off=plan)

    def _news(self, since: Place, before: CursorPlace) -> list[Split]:
        """Return what came since `before`: documents above its value, and those of its window that the lake does not hold."""
        cursor = Cursor.of(self.stream, before.bracket)
        last_before = Element.of_text(before.last)
        last = self.looking.last(cursor.field, cursor.bracket, above=last_before)
        since_value, notices = self._reach(cursor, before, last_before)
        back = Part(since=since_value.text, upto=before.last, is_marked=True, is_window=True)
        parts = []
        has_news = self._has_news(cursor, before, back)
        # with a look-back the two windows may overlap: what of it is held has to be known again
        if has_news or (last is not None and cursor.look_back is not None):
            parts.append(back)
        if last is not None:
            parts.append(Part(above=before.last, upto=last.text, is_marked=True))
        if not parts:
            return []
        newest = last or last_before
        lower = max(
            cursor.lower(newest), since_value, key=lambda value: value.rank
        )  # nothing is known of what lies before
        end = self._end(cursor, newest, lower, before)
        return self._begun(end, tuple(parts), since, notices)

    def _reach(self, cursor: Cursor, before: CursorPlace, last: Element) -> tuple[Element, tuple[str, ...]]:
        """Return where the window begins: no further back than its fingerprints go, where a document read twice would be there twice."""
        wanted, kept = cursor.lower(last), Element.of_text(before.lower)
        if self.stream.mode == "dedupe" or wanted.rank >= kept.rank:
            return wanted, ()
        late = "documents that came late until now, by more than the `look_back` of then, are not read"
        fix = f"to have them, load everything anew: lakesmith rebuild {self.stream.id}"
        return kept, (f"{self.stream.id} looks further back from this load on: {late}; {fix}",)

    def _has_news(self, cursor: Cursor, before: CursorPlace, back: Part) -> bool:
        """Whether the window has documents that the lake does not hold.

        Raises:
            SourceDataError: If that cannot be told, and reading a document twice would double it.
        """
        now = self.looking.window(cursor, cursor.within(back), before.salt, at_most=before.held.count + 1)
        more = has_more(now, before.held, is_shown_alike=before.shown == hash_of(self.looking.projection))
        if more is None and self.stream.mode != "dedupe":
            raise SourceDataError(
                f"Documents of {self.stream.id} came or changed at or before the cursor's last value: which of them the lake holds is not known.",
                where=self.stream.where,
                fix=f"load everything anew: lakesmith rebuild {self.stream.id}; with `mode: dedupe` this cannot happen",
            )
        return more is not False

    def _end(self, cursor: Cursor, last: Element, lower: Element, before: CursorPlace | None = None) -> CursorPlace:
        salt = before.salt if before is not None else ""
        if not salt and any(said.get("mask") for said in self.stream.columns.values()):
            salt = secrets.token_hex(8)
        return CursorPlace(
            cursor.field,
            cursor.bracket,
            last.text,
            lower.text,
            hash_of(self.looking.filter),
            hash_of(self.looking.projection),
            salt,
            before.ids if before is not None else (),
        )

    def _begun(
        self,
        end: CursorPlace,
        parts: tuple[Part, ...],
        since: Place | None = None,
        notices: tuple[str, ...] = (),
        *,
        cut_off: Plan | None = None,
    ) -> list[Split]:
        """Return the splits of a new plan, of which some may be done, and whose next one brings it into the position."""
        start = replace(since or self.place, whole=None)
        name = hashlib.sha256(canonical({"parts": [part.listed() for part in parts], "end": asdict(end)})).hexdigest()[
            :8
        ]
        plan = Plan(name, parts, end) if cut_off is None else replace(cut_off, id=name, parts=parts, end=end)
        splits = self._listed(plan, notices)
        first = replace(Token.decode(splits[0].token), start=replace(start, plan=plan))
        return [replace(splits[0], token=first.encode()), *splits[1:]]

    def _listed(self, plan: Plan, notices: tuple[str, ...] = ()) -> list[Split]:
        """Return the splits of a plan that are not done."""
        end = replace(plan.end, held=Held())
        count = len(plan.parts)
        return [
            self._split(plan.id, number, count, part, end=end, notices=notices if number + 1 == count else ())
            for number, part in enumerate(plan.parts)
            if number >= plan.done
        ]

    def _split(self, plan: str, number: int, count: int, part: Part, **more: Any) -> Split:
        is_ranged = self.sized.is_ranged and bool(part.low or part.high or part.ids)
        token = Token(plan, number, count, self.looking.collection.uuid, part, is_ranged, **more)
        of = "" if count == 1 else f" {number + 1} of {count}"
        return Split(
            self.stream.id,
            f"{self.looking.collection.name}{of} ({plan})",
            resumable=False,
            size_bytes=self.sized.bytes // count or None,
            token=token.encode(),
        )


def resumed(whole: list[Split], before: Whole | None) -> list[Split]:
    """Return what is left of a plan of all documents; all of it if it is another plan than the one that was cut off."""
    is_same = bool(whole) and before is not None and Token.decode(whole[0].token).plan == before.plan
    return whole[before.done :] if before is not None and is_same else whole
