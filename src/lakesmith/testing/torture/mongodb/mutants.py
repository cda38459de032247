"""The source made wrong in one way at a time: the histories have to notice each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lakesmith.testing.torture.mongodb.themes import Theme
from lakesmith.testing.torture.mutants import Patches
from lakesmith.testing.torture.servers.mutants import Mutant, nothing

MONGODB = "lakesmith.sources.mongodb"


def _both_ends(patches: Patches) -> None:
    """Let a range of object ids have both of its bounds."""

    def within(old: Any) -> Any:
        def conditions(part: Any) -> list[dict[str, Any]]:
            return [
                {
                    name: {"$lte" if word == "$lt" else word: one for word, one in said.items()}
                    for name, said in each.items()
                }
                for each in old(part)
            ]

        return conditions

    patches.put(f"{MONGODB}.planning.ranges", "within", within)


def _last_closed(patches: Patches) -> None:
    """Leave out what lies above the last cut."""

    def closed(old: Any) -> Any:
        def ranges(cuts: Any) -> Any:
            return [part for part in old(cuts) if not (part.low and not part.high)] or old(cuts)

        return ranges

    patches.put(f"{MONGODB}.planning.ranges", "ranges", closed)


def _others_forgotten(patches: Patches) -> None:
    """Read ranges of object ids, and no `_id` of another type."""

    def alone(old: Any) -> Any:
        return lambda cuts: [part for part in old(cuts) if part.ids != "others"]

    patches.put(f"{MONGODB}.planning.ranges", "ranges", alone)


def _ties_never(patches: Patches) -> None:
    """Read what lies above the last value, and never what shares it."""
    patches.put(f"{MONGODB}.planning.plan", "Planning._has_news", lambda _old: lambda *_said: False)


def _late_never(patches: Patches) -> None:
    """Read what lies above the last value, and leave the window out where there is anything above."""

    def without(old: Any) -> Any:
        def begun(self: Any, end: Any, parts: Any, *said: Any, **more: Any) -> Any:
            kept = tuple(part for part in parts if not part.is_window) or parts
            return old(self, end, kept, *said, **more)

        return begun

    patches.put(f"{MONGODB}.planning.plan", "Planning._begun", without)


def _no_look_back(patches: Patches) -> None:
    """Look at ties alone, whatever the project says."""
    patches.put(f"{MONGODB}.planning.cursors", "Cursor.lower", lambda _old: lambda _self, last: last)


def _marks_forgotten(patches: Patches) -> None:
    """Keep no fingerprints of what is held."""

    def forgetful(old: Any) -> Any:
        def after(self: Any, _held: Any, ids: Any, _late: Any) -> Any:
            from lakesmith.sources.mongodb.position import Held

            return old(self, Held(), ids, Held())

        return after

    patches.put(f"{MONGODB}.position", "Place.after", forgetful)


def _last_value_later(patches: Patches) -> None:
    """Let the cursor stand at what is the greatest value once the ranges are read."""

    def later(old: Any) -> Any:
        def advance(self: Any, position: Any, steps: Any) -> Any:
            from lakesmith.sources.mongodb.planning.looking import Looking
            from lakesmith.sources.mongodb.position import Place

            moved = old(self, position, steps)
            place = Place.decode(moved)
            if not steps or place is None or place.cursor is None or place.plan is not None or not place.cursor.last:
                return moved
            looking = Looking(self._reach(), self._known[steps[-1][0].stream].collection)
            last = looking.last(place.cursor.field, place.cursor.bracket)
            return replace(place, cursor=replace(place.cursor, last=last.text)).encode() if last else moved

        return advance

    patches.put(f"{MONGODB}.source", "MongoSource.advance_all", later)


def _done_at_once(patches: Patches) -> None:
    """Let the position move to the end of a plan with its first part."""

    def at_once(old: Any) -> Any:
        def after(self: Any, *said: Any) -> Any:
            moved = old(self, *said)
            return moved if moved.plan is None else replace(moved, plan=None, cursor=moved.plan.end)

        return after

    patches.put(f"{MONGODB}.position", "Place.after", at_once)


def _dead_is_done(patches: Patches) -> None:
    """Take a process that died for one that has read all of its split."""

    def trusting(old: Any) -> Any:
        def read(self: Any, job: Any) -> Iterator[Any]:
            from lakesmith.errors import RetriableError

            try:
                yield from old(self, job)
            except RetriableError as error:
                if "ended in the middle" not in str(error):
                    raise

        return read

    patches.put(f"{MONGODB}.reading.crew", "Worker.read", trusting)


def _any_collection(patches: Patches) -> None:
    """Go on in a collection that was made anew."""
    patches.put(f"{MONGODB}.planning.continuing", "need_same", lambda _old: lambda *_words: None)
    patches.put(f"{MONGODB}.reading.reader", "need_same", lambda _old: lambda *_words: None)


def _drop_other_kinds(patches: Patches) -> None:
    """Drop the values that stand beside their column, as no column of theirs has their kind."""

    def dropping(old: Any) -> Any:
        def decode(self: Any, block: Any) -> Any:
            decoded = old(self, block)
            kept = [
                batch.select([at for at, name in enumerate(batch.schema.names) if not name.endswith("__json")])
                for batch in decoded.batches
            ]
            return replace(decoded, batches=tuple(kept))

        return decode

    patches.put(f"{MONGODB}.decoding", "Decoder.decode", dropping)


def _null_for_falsehood(patches: Patches) -> None:
    """Decode an empty text as if there were no value."""

    def nulling(old: Any) -> Any:
        def decode(self: Any, block: Any) -> Any:
            import pyarrow as pa
            import pyarrow.compute as pc

            decoded, kept = old(self, block), []
            for batch in decoded.batches:
                arrays = [
                    pc.if_else(pc.equal(one, pa.scalar("", one.type)), pa.scalar(None, one.type), one)
                    if pa.types.is_string(one.type)
                    else one
                    for one in batch.columns
                ]
                kept.append(pa.RecordBatch.from_arrays(arrays, schema=batch.schema))
            return replace(decoded, batches=tuple(kept))

        return decode

    patches.put(f"{MONGODB}.decoding", "Decoder.decode", nulling)


def _types_mixed_up(patches: Patches) -> None:
    """Tell documents apart by the bare text of their `_id`: 5 and "5" are one."""

    def bare(old: Any) -> Any:
        return lambda element: old(element).partition(":")[2]

    patches.put(f"{MONGODB}.reading.keyed", "key_of", bare)


def _blind_to_the_end(patches: Patches) -> None:
    """Take the first answer of the server for all of them."""

    def first(old: Any) -> Any:
        def cursor(self: Any) -> Iterator[bytes]:
            for number, block in enumerate(old(self)):
                if number < 1:
                    yield block

        return cursor

    patches.put(f"{MONGODB}.reading.worker", "_Reading._cursor", first)


OFTEN = Theme(between=60)
"""Loads that come soon after each other."""
MUTANTS: dict[str, Mutant] = {
    "range has both bounds": Mutant(_both_ends, ("doubled",), replace(OFTEN, ids=("objectId",))),
    "last range closed": Mutant(_last_closed, ("lost",)),
    "other types of _id forgotten": Mutant(
        _others_forgotten, ("lost",), replace(OFTEN, ids=("objectId", "objectId", "objectId", "int"))
    ),
    "ties never news": Mutant(
        _ties_never,
        ("lost",),
        replace(OFTEN, before=("insert at the boundary", "update to the boundary"), looks_back=False),
    ),
    "late documents never news": Mutant(
        _late_never, ("lost",), replace(OFTEN, before=("insert late", "insert late", "update late"), looks_back=True)
    ),
    "no look-back to documents": Mutant(
        _no_look_back, ("lost",), replace(OFTEN, before=("insert late", "insert late", "insert late"), looks_back=True)
    ),
    "fingerprints forgotten": Mutant(
        _marks_forgotten, ("doubled",), replace(OFTEN, before=("insert at the boundary", "insert late"))
    ),
    "last value taken after the ranges": Mutant(
        _last_value_later, ("lost",), replace(OFTEN, within=("insert", "insert", "update", "insert"), looks_back=False)
    ),
    "position moved before its rows": Mutant(
        _done_at_once,
        ("lost",),
        replace(
            OFTEN,
            points=tuple(
                (stream, f"run.load.{point}")
                for stream in ("append", "dedupe")
                for point in ("committed:1", "committed:2", "before_commit:2", "before_commit:3")
            ),
            splits=True,
        ),
    ),
    "dead reader is done": Mutant(_dead_is_done, ("lost",), replace(OFTEN, what="kill readers")),
    "made anew is the same": Mutant(_any_collection, ("mixed",), replace(OFTEN, before=("make anew",))),
    "values of another kind dropped": Mutant(nothing, ("wrong",), reader=_drop_other_kinds),
    "empty texts are null": Mutant(nothing, ("wrong",), reader=_null_for_falsehood),
    "types of _id mixed up": Mutant(nothing, ("wrong",), replace(OFTEN, ids=("int", "string")), reader=_types_mixed_up),
    "first answer alone": Mutant(nothing, ("lost",), reader=_blind_to_the_end),
}
