"""The types of a load's text columns: those that everything it is going to read gives them, before any of it is committed.

A small load is read twice. Of a large one only the beginning is: its types are assumed, the rows staged, and every value that follows
is a proof. Where one speaks against it the rest is looked at, and what was staged is dropped if its types were wrong.

Columns whose types the source tells are taken at its word, chunk by chunk. Where a chunk of a new table shows that this went wrong (see
`shape.joint`), the load is looked at ahead, eight times as far as it was read, and begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.errors import DriftRefusedError
from lakesmith.model.streams import Ask, Chunk, Split

if TYPE_CHECKING:
    from lakesmith.model.protocols import Source
    from lakesmith.model.shapes import Shaped
    from lakesmith.model.streams import StreamSpec
    from lakesmith.model.types import Type
    from lakesmith.run.phases import Phases
    from lakesmith.shape import Shaper, TextProfile
    from lakesmith.shape.assumption import Assumption
    from lakesmith.shape.tally import Form

SAMPLE_BYTES = 16 * 1024 * 1024
"""How much of a load is looked at before types are assumed, in bytes of its rows as they are in memory."""

EARLY = 8
"""What turns out before this part of a load has been read makes it begin anew with a larger sample; later, all of it is looked at."""


class OtherTypesError(Exception):
    """Types that rows were staged with are not those of the whole: the load begins anew."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a load reads: its splits, from which position."""

    source: Source
    spec: StreamSpec
    splits: Sequence[Split]
    ask: Ask
    check: Callable[[], None]

    @property
    def size_bytes(self) -> int:
        """The bytes of all splits that know their size."""
        return sum(split.size_bytes or 0 for split in self.splits)


def learn_types(reading: Reading, up_to: int | None = None) -> tuple[TextProfile, bool]:
    """Return the profile of all text columns, and whether everything was read for it.

    Args:
        reading: What is read; its `check` is called between chunks and may raise to stop.
        up_to: Stop after so many bytes of rows, as they are in memory; None for all.

    Raises:
        StopRequestedError: If somebody asked to stop, as far as `check` says so.
        LakesmithError: If the source refuses.
    """
    from lakesmith.shape import TextProfile

    profile, read = TextProfile(), 0
    with ThreadPoolExecutor(1, thread_name_prefix="lakesmith-learn") as thread:  # one chunk is counted, one read
        counting: Future[None] | None = None
        for split in reading.splits:
            for chunk in reading.source.read(reading.spec, split, reading.ask):
                reading.check()
                if counting is not None:
                    counting.result()
                if up_to is not None and read >= up_to:
                    return profile, False
                counting = thread.submit(profile.observe, chunk.rows)
                read += chunk.rows.nbytes
        if counting is not None:
            counting.result()
    return profile, True


def learn_joint_types(reading: Reading, up_to: int) -> dict[str, Type]:
    """Return the joint types of all other columns by source name, of at least so many bytes of rows as they are in memory.

    Raises:
        StopRequestedError: If somebody asked to stop, as far as `check` says so.
        LakesmithError: If the source refuses.
    """
    from lakesmith.shape.joint import JointTypes

    joint, read = JointTypes(), 0
    for split in reading.splits:
        for chunk in reading.source.read(reading.spec, split, reading.ask):
            reading.check()
            if read > up_to:
                return joint.types
            joint.observe(chunk.rows)
            read += chunk.rows.nbytes
    return joint.types


class TextTypes:
    """The types and spellings of a load's text columns, by source name, as far as they are known or assumed.

    `joint` are the types of other columns of a new table, where its first chunks alone would have given them others.
    """

    def __init__(self, phases: Phases, sample_bytes: int = SAMPLE_BYTES) -> None:
        self.known: dict[str, Form] = {}
        self.joint: dict[str, Type] = {}
        self._phases, self._sample_bytes = phases, sample_bytes
        self._looked_at: set[str] = set()
        self._assumption: Assumption | None = None
        self._all: Reading | None = None
        self._start: Reading | None = None
        self._bytes = self._bytes_since_start = 0

    @property
    def is_assumed(self) -> bool:
        """Whether what is known may still turn out otherwise."""
        return self._assumption is not None

    def shape(self, chunk: Chunk, shaper: Shaper, where: Callable[[int], str], rest: Reading, *, first: bool) -> Shaped:
        """Return the rows of a chunk as the shaper makes them, with types for the columns that are new in it.

        Args:
            chunk: What was read.
            shaper: Its columns are taught their types.
            where: Names the place of a row, for quarantine.
            rest: What the load reads from the chunk's split on.
            first: Whether the table is new and nothing of the load was read before: types may be assumed.

        Raises:
            OtherTypesError: If rows were staged with types that are not those of the whole.
            LakesmithError: If the source or the shape refuses.
        """
        if first:
            self._start, self._bytes_since_start = rest, 0
        self._bytes_since_start += chunk.rows.nbytes
        try:
            shaped = self._shape(chunk, shaper, where, rest, first=first)
        except DriftRefusedError:
            self._join(shaper)
            raise
        self._join(shaper)
        return shaped

    def _join(self, shaper: Shaper) -> None:
        """Look ahead where a chunk shows that the first ones gave a new table types that do not hold all it is going to hold.

        Raises:
            OtherTypesError: If the load has to begin anew.
            LakesmithError: If the source refuses.
        """
        if self._start is None or not shaper.is_surprised:
            return
        from lakesmith.shape.assumption import Assumption

        with self._phases.phase("profile"):
            joint = learn_joint_types(self._start, EARLY * self._bytes_since_start)
        if joint == self.joint:  # a column that is pinned or masked is what the project says
            self._start = None
            return
        self.joint = joint
        if self._assumption is not None:
            self._assumption, self._bytes = Assumption(self.known, self._looked_at), 0
        raise OtherTypesError

    def _shape(
        self, chunk: Chunk, shaper: Shaper, where: Callable[[int], str], rest: Reading, *, first: bool
    ) -> Shaped:
        self._meet(chunk, shaper, rest, first=first)
        if self._assumption is None:
            with self._phases.phase("shape"):
                return shaper.shape(chunk.rows, where)
        try:
            with self._phases.phase("shape"):
                shaped = shaper.shape(chunk.rows, where)
        except DriftRefusedError:
            self._doubt(shaper)
            raise
        self._bytes += chunk.rows.nbytes
        with self._phases.phase("profile"):
            holds = not shaper.misfits(self._assumption.types) and self._assumption.observe(chunk.rows)
        if not holds:
            self._doubt(shaper)
        return shaped

    def prove(self, shaper: Shaper, *, rest: bool) -> None:
        """See that what is staged has the types of the whole; `rest` says that more is to be read.

        Raises:
            OtherTypesError: If it has not.
            LakesmithError: If the source refuses.
        """
        if self._assumption is not None and (rest or not self._assumption.is_proven()):
            self._doubt(shaper)
        self._assumption = None

    def _meet(self, chunk: Chunk, shaper: Shaper, rest: Reading, *, first: bool) -> None:
        is_new = not shaper.text_types_needed(chunk.rows.schema) <= self._looked_at
        if self._assumption is not None:
            if is_new or not self._assumption.holds(chunk.rows):
                self._bytes += chunk.rows.nbytes
                self._doubt(shaper)
        elif is_new and first:
            self._all = rest
            self._assume(self._sample_bytes)
            shaper.learn(self.known)
        elif is_new:
            types, _ = self._profiled(rest, None)
            self.known = {**types, **self.known}
            shaper.learn(self.known)

    def _doubt(self, shaper: Shaper) -> None:
        """Learn more, or all; go on if what was assumed is true of the whole.

        Raises:
            OtherTypesError: If the load has to begin anew.
        """
        assumed, looked_at = self.known, set(self._looked_at)
        read, self._bytes = self._bytes, 0
        reading = self._reading()
        if read * EARLY < reading.size_bytes:
            self._sample_bytes = 2 * max(self._sample_bytes, read)
            self._assume(self._sample_bytes)
        if self._same(assumed, looked_at) and self._assumption is not None:
            self._assumption = None
            self.known, _ = self._profiled(reading, None)
        if not self._same(assumed, looked_at):
            raise OtherTypesError
        shaper.learn(self.known)

    def _same(self, assumed: Mapping[str, Form], looked_at: Collection[str]) -> bool:
        """Whether the columns of a sample have the types that were assumed of it, those without a value none."""
        return {name: form for name, form in self.known.items() if name in looked_at} == assumed

    def _assume(self, up_to: int) -> None:
        from lakesmith.shape.assumption import Assumption

        self.known, is_whole = self._profiled(self._reading(), up_to)
        self._assumption = None if is_whole else Assumption(self.known, self._looked_at)

    def _reading(self) -> Reading:
        if self._all is None:
            raise RuntimeError("nothing was read yet")
        return self._all

    def _profiled(self, reading: Reading, up_to: int | None) -> tuple[dict[str, Form], bool]:
        with self._phases.phase("profile"):
            profile, is_whole = learn_types(reading, up_to)
        self._looked_at |= {column.source_name for column in profile.report()}
        return profile.forms(), is_whole
