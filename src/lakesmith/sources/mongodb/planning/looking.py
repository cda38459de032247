"""Questions to a collection: where its cursor stands, what its window holds, and where its `_id`s can be cut."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lakesmith.sources.mongodb.connecting.server import Collection, Server
from lakesmith.sources.mongodb.elements import Element, documents, find
from lakesmith.sources.mongodb.planning.cursors import BRACKETS, Cursor, sees
from lakesmith.sources.mongodb.planning.ranges import OBJECT_ID
from lakesmith.sources.mongodb.position import HALF, Held

SAMPLE = 100
EXACT = 10_000
"""Up to how many documents all `_id`s are looked at, so that their cuts are always the same; a sample of larger ones."""
COUNTED = 2_000_000
"""Up to how many documents the cuts are counted off in the index of `_id`."""
PER_CUT = 20
MOST_SAMPLED = 100_000
DIGEST_BYTES = 8
OBJECT_ID_BYTES = 12


@dataclass(frozen=True, slots=True)
class Looking:
    """One collection on its server, with the filter and the projection of the stream that reads it."""

    server: Server
    collection: Collection
    filter: dict[str, Any] = field(default_factory=dict)
    projection: dict[str, int] | None = None

    def all_of(self, *conditions: dict[str, Any]) -> dict[str, Any]:
        """Return the stream's filter and further conditions as one."""
        return all_of(self.filter, conditions)

    def bracket(self, path: str) -> str | None:
        """Return which type of values a field has most often, by a sample; None where it never has one that a cursor can stand at."""
        stages: list[dict[str, Any]] = [{"$match": self.filter}] if self.filter else []
        stages += [{"$sample": {"size": SAMPLE}}, {"$project": {path: 1}}]
        found: Counter[str] = Counter()
        for raw in self._aggregated(stages):
            element = find(raw, path.split("."))
            if element is not None and element.bracket in BRACKETS and element.rank is not None:
                found[element.bracket] += 1
        if found:
            return max(BRACKETS, key=lambda name: found[name])
        rare = (name for name in BRACKETS if self.last(path, name) is not None)
        return next(rare, None)

    def last(self, path: str, bracket: str, *, above: Element | None = None) -> Element | None:
        """Return the greatest value of a field within a bracket, above a value if one is given; None if there is none."""
        higher = [{path: {"$gt": above.python}}] if above is not None else []
        wanted = self.all_of(*sees(path, bracket), *higher)
        rows = self._raw(wanted, {path: 1}).sort(path, -1).limit(1)
        for block in rows:
            for begins, ends in documents(block):
                return find(block[begins:ends], path.split("."))
        return None

    def unseen(self, path: str, bracket: str) -> int:
        """Return how many documents have no value that a cursor can stand at; all of them where there is no bracket."""
        wanted = self.all_of({"$nor": [{"$and": sees(path, bracket)}]} if bracket else {})
        return int(self._documents.count_documents(wanted))

    def window(self, cursor: Cursor, conditions: Sequence[dict[str, Any]], salt: str, *, at_most: int) -> Held:
        """Return the fingerprints of the documents that meet conditions; no more of them than `at_most` are looked at."""
        marks = []
        for block in self._raw(self.all_of(*conditions), self.projection).limit(at_most):
            for begins, ends in documents(block):
                raw = block[begins:ends]
                marks.append(mark_of(raw, find(raw, ("_id",)), find(raw, cursor.path), salt))
        return Held.of(marks)

    def cuts(self, count: int, documents_there: int) -> list[Element]:
        """Return up to `count - 1` `_id`s that cut the collection into about equal parts, in the server's own order."""
        if count <= 1:
            return []
        if EXACT < documents_there <= COUNTED and (counted := self._counted_off(count, documents_there // count)):
            return counted
        wanted = {"$project": {"_id": 1}}
        sampled = (
            [{"$sample": {"size": min(MOST_SAMPLED, PER_CUT * count)}}, wanted] if documents_there > EXACT else [wanted]
        )
        found: list[Element] = []
        for raw in self._aggregated([*sampled, {"$sort": {"_id": 1}}]):
            element = find(raw, ("_id",))
            if element is not None and (not found or found[-1] != element):
                found.append(element)
        wanted_at = sorted({len(found) * number // count for number in range(1, count)} - {0})
        return [found[at] for at in wanted_at]

    def _counted_off(self, count: int, step: int) -> list[Element]:
        """Return the object ids that stand `step` documents from each other in their index; none where most `_id`s are others.

        This costs one walk along the index, and gives the same cuts each time.
        """
        cuts = {bytes(OBJECT_ID_BYTES)}
        for _ in range(count - 1):
            wanted = {"_id": {"$gte": Element(OBJECT_ID, max(cuts)).python}}
            found = self._raw(wanted, {"_id": 1}).hint([("_id", 1)]).skip(step).limit(1)
            element = next((find(block, ("_id",)) for block in found), None)
            if element is None or element.value in cuts:
                break
            cuts.add(element.value)
        made = [Element(OBJECT_ID, value) for value in sorted(cuts)[1:]]
        return made if 2 * len(made) >= count - 1 else []

    def sample(self, count: int) -> list[bytes]:
        """Return some documents, raw."""
        return list(self._aggregated([{"$sample": {"size": count}}]))

    @property
    def _documents(self) -> Any:
        return self.server.database[self.collection.name]

    def _raw(self, wanted: dict[str, Any], projection: dict[str, int] | None) -> Any:
        return self._documents.find_raw_batches(wanted, projection)

    def _aggregated(self, stages: list[dict[str, Any]]) -> Iterator[bytes]:
        for block in self._documents.aggregate_raw_batches(stages, allowDiskUse=True):
            for begins, ends in documents(block):
                yield block[begins:ends]


def all_of(filter_: dict[str, Any], conditions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a filter and further conditions as one."""
    listed = [one for one in (filter_, *conditions) if one]
    return {"$and": listed} if len(listed) > 1 else (listed[0] if listed else {})


def mark_of(raw: bytes, id_: Element | None, value: Element | None, salt: str = "") -> str:
    """Return the fingerprint of a document; two documents, or two versions of one, do not share it."""
    before = salt.encode()
    named = b"".join(bytes((one.type,)) + one.value if one is not None else b"\0" for one in (id_, value))
    return _digest(before + named) + _digest(before + raw)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest()


def has_more(now: Held, before: Held, *, is_shown_alike: bool) -> bool | None:
    """Whether there are documents in a window beyond those that the lake holds; None if that cannot be told."""
    if not (now.is_whole and before.is_whole):
        alike = is_shown_alike and (now.count, now.sum) == (before.count, before.sum)
        return False if alike else None
    keep = slice(None) if is_shown_alike else slice(HALF)
    return bool({mark[keep] for mark in now.marks} - {mark[keep] for mark in before.marks})
