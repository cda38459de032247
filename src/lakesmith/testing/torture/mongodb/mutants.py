"""The source made wrong in one way at a time: the histories have to notice each of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lakesmith.testing.torture.mongodb.history import Theme
from lakesmith.testing.torture.mongodb.meddling import MUTANT
from lakesmith.testing.torture.mutants import Patches

MONGODB = "lakesmith.sources.mongodb"
Patch = Callable[[Patches], None]


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


def _never_back(patches: Patches) -> None:
    """Read what lies above the last value, and never what shares it or came late."""

    def above(_old: Any) -> Any:
        return lambda _self, _cursor, _before, _back: False

    patches.put(f"{MONGODB}.planning.plan", "Planning._has_news", above)


def _no_look_back(patches: Patches) -> None:
    """Look at ties alone, whatever the project says."""
    patches.put(f"{MONGODB}.planning.cursors", "Cursor.lower", lambda _old: lambda _self, last: last)


def _marks_forgotten(patches: Patches) -> None:
    """Keep no fingerprints of what is held."""

    def nothing(old: Any) -> Any:
        return lambda _marks: old(())

    patches.put(f"{MONGODB}.position", "Held.of", nothing)


def _last_value_later(patches: Patches) -> None:
    """Let the cursor stand at what is the greatest value once the ranges are read."""

    def later(old: Any) -> Any:
        def advance(self: Any, position: Any, split: Any, after: Any) -> Any:
            from lakesmith.sources.mongodb.planning.looking import Looking
            from lakesmith.sources.mongodb.position import Place

            moved = old(self, position, split, after)
            place = Place.decode(moved)
            if place is None or place.cursor is None or place.plan is not None or not place.cursor.last:
                return moved
            looking = Looking(self._reach(), self._known[split.stream].collection)
            last = looking.last(place.cursor.field, place.cursor.bracket)
            return replace(place, cursor=replace(place.cursor, last=last.text)).encode() if last else moved

        return advance

    patches.put(f"{MONGODB}.source", "MongoSource.advance", later)


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


def _by_reader(_patches: Patches) -> None:
    """Nothing here: the processes that read are wrong."""


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


READERS: dict[str, Patch] = {
    "values of another kind dropped": _drop_other_kinds,
    "empty texts are null": _null_for_falsehood,
    "types of _id mixed up": _types_mixed_up,
    "first answer alone": _blind_to_the_end,
}
"""What is wrong in the processes that read."""
MUTANTS: dict[str, Patch] = {
    "range has both bounds": _both_ends,
    "last range closed": _last_closed,
    "other types of _id forgotten": _others_forgotten,
    "ties and late documents never news": _never_back,
    "no look-back to documents": _no_look_back,
    "fingerprints forgotten": _marks_forgotten,
    "last value taken after the ranges": _last_value_later,
    "position moved before its rows": _done_at_once,
    "dead reader is done": _dead_is_done,
    "made anew is the same": _any_collection,
    **dict.fromkeys(READERS, _by_reader),
}
MANY = ("objectId", "int", "string", "double", "object")
THEMES: dict[str, Theme] = {
    "range has both bounds": Theme(ids=("objectId",)),
    "other types of _id forgotten": Theme(ids=("objectId", "objectId", "objectId", "int")),
    "ties and late documents never news": Theme(before=("insert tie", "update tie")),
    "no look-back to documents": Theme(before=("insert late", "insert late", "insert late")),
    "last value taken after the ranges": Theme(before=("make anew",)),
    "fingerprints forgotten": Theme(before=("insert tie", "insert late")),
    "position moved before its rows": Theme(points=("run.load.committed:2", "run.load.committed:4"), splits=True),
    "dead reader is done": Theme(what="kill readers"),
    "made anew is the same": Theme(before=("make anew",)),
    "types of _id mixed up": Theme(ids=("int", "string")),
}
"""What mostly happens in the histories of a mutant that is seldom met in others."""


@contextlib.contextmanager
def applied(mutant: str) -> Iterator[None]:
    """Run with a mutant in place; what is known by its name already is replaced too."""
    patches = Patches()
    try:
        MUTANTS[mutant](patches)
        if mutant in READERS:
            os.environ[MUTANT] = mutant
        yield
    finally:
        os.environ.pop(MUTANT, None)
        patches.undo()
