"""The contract of a source, as a test class to derive from; `lakesmith.testing` shows how. Each test proves one law."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Ask, Finding, SourceContext, StreamId, StreamSpec
from lakesmith.testing.killing import load_all
from lakesmith.testing.laws import compare, require, require_equal
from lakesmith.testing.options import faults_of
from lakesmith.testing.planning import plan_alone
from lakesmith.testing.trial import Records, Trial, records_of

if TYPE_CHECKING:
    from lakesmith.model.protocols import Source

LEVELS = ("ok", "note", "warning", "error")
WHERE = "lakesmith.yml:5"
MIB = 1024 * 1024
KILLS = (
    (1, "lake.stage.rows_written"),
    (1, "run.load.split_read"),
    (1, "run.load.committed"),
    (2, "lake.quarantine.written"),
    (2, "run.load.before_commit"),
    (2, "lake.commit.metadata_written"),
    (2, "lake.commit.landed"),
    (2, "run.load.committed"),
)
"""Where loads are killed: in the first or the second, at which crash point. A source can tell these apart; the lake's own tests
kill at every point between them."""


class SourceContract:
    """Proves that a source keeps the laws of `lakesmith.testing.laws.LAWS`. Derive, fill in, and let pytest collect it.

    Attributes:
        source: The connector's class.
        options: What the project file says of the source; relative paths start from the folder of the test.
            `prepare` may set it on `self`, where it depends on a server.
        stream_options: What the project file says of the stream.
        mode: append, dedupe or replace.
        key: The key's folded names, for dedupe.
        types: The types some columns must have in bronze, spelled as Iceberg does: `{"price": "decimal(10, 2)"}`.
        secret: A text that no error or finding may show, such as the password in `options`.
        is_counted: Whether the source counts its records itself; False if loads will be marked unproven.
        knows_news: Whether a `replace` stream is left alone while nothing changed; False if each load reads all of it anyway.
        chunk_bytes: The most bytes of Arrow data one chunk may hold.
        kills: Which loads are killed where: the first or the second, and a crash point (`name:2` for its second pass).
    """

    source: ClassVar[type[Any]]
    options: Mapping[str, Any] = MappingProxyType({})
    stream_options: Mapping[str, Any] = MappingProxyType({})
    mode: str = "append"
    key: tuple[str, ...] = ()
    types: Mapping[str, str] = MappingProxyType({})
    secret: str = ""
    is_counted: bool = True
    knows_news: bool = True
    chunk_bytes: int = 64 * MIB
    kills: Sequence[tuple[int, str]] = KILLS

    def prepare(self, folder: Path) -> Records:
        """Make a small system in or for `folder`, and return the records it holds."""
        raise NotImplementedError

    def grow(self, folder: Path) -> Records:
        """Add records to the system that `prepare` made, and return only those."""
        raise NotImplementedError

    def empty(self, folder: Path) -> None:
        """Make the system with no record in it. Optional."""
        raise NotImplementedError

    def spoil(self, folder: Path) -> None:
        """Break the system that `prepare` made so that it cannot be read. Optional."""
        raise NotImplementedError

    def test_options(self) -> None:
        """Options and stream options are models an editor can help with."""
        faults = [*faults_of(self.source.Options, "Options"), *faults_of(self.source.StreamOptions, "StreamOptions")]
        require("options", not faults, "; ".join(faults))

    def test_planning_is_light(self, tmp_path: Path) -> None:
        """A run with nothing new must take a second, so planning may not import what takes one."""
        trial, _ = self._prepared(tmp_path)
        planned = plan_alone(trial.kind, trial.context)
        require("light", not planned.complaint, f"planning failed in a process of its own:\n{planned.complaint}")
        imported = ", ".join(planned.imported)
        require("light", not imported, f"importing the connector and `splits` imported {imported}")

    def test_plan(self, tmp_path: Path) -> None:
        """Two sources plan the same, or one does where its plan is its own; when everything was read, nothing is left."""
        trial, _ = self._prepared(tmp_path)
        with trial.opened() as source, trial.opened() as other:
            first = list(source.splits(trial.spec, Ask()))
            is_bound = any(split.bound for split in first)
            second = list((source if is_bound else other).splits(trial.spec, Ask()))
        require("plan", first, "there is no split, though `prepare` made records")
        require("plan", first == second, "two sources over the same system planned different splits")
        names = [split.name for split in first]
        require("plan", len(set(names)) == len(names), f"two splits have the same name: {', '.join(names)}")
        require("plan", {split.stream for split in first} == {trial.spec.id}, "a split belongs to another stream")
        with trial.opened() as source:
            seen = trial.read_by(source) if is_bound else trial.read()
            done = Ask(seen[-1].position, resumes=not self.knows_news)
            left = [split.name for split in source.splits(trial.spec, done)]
        require("plan", not left, f"everything was read, yet there is more to read: {', '.join(left)}")

    def test_positions(self, tmp_path: Path) -> None:
        """Positions are compared and hashed, so one meaning has one spelling."""
        trial, _ = self._prepared(tmp_path)
        for seen in trial.read():
            for name, position in (("`after` of a chunk", seen.chunk.after), ("`advance`", seen.position)):
                require("position", _is_canonical(position), f"{name} gave {position!r}")

    def test_batches(self, tmp_path: Path) -> None:
        """Memory stays bounded whatever the size of the stream."""
        trial, _ = self._prepared(tmp_path)
        seen = trial.read()
        largest = max(one.chunk.rows.nbytes for one in seen)
        require(
            "batch", largest <= self.chunk_bytes, f"a chunk has {largest:,} bytes, {self.chunk_bytes:,} are allowed"
        )
        require("batch", len(seen) > 1, "the sample was read as one chunk: with a larger one resuming can be proved")

    def test_reading_twice(self, tmp_path: Path) -> None:
        """A load may read ahead, or again after a crash."""
        trial, _ = self._prepared(tmp_path)
        with trial.opened() as source:
            for split in source.splits(trial.spec, Ask()):
                first, second = (list(source.read(trial.spec, split, Ask())) for _ in range(2))
                came = f"{len(first)} and {len(second)} chunks"
                require("repeat", len(first) == len(second), f"split {split.name} came in {came}")
                for number, (one, two) in enumerate(zip(first, second, strict=True), 1):
                    require("repeat", one == two, f"chunk {number} of split {split.name} was different the second time")

    def test_row_law(self, tmp_path: Path) -> None:
        """What the source counted on its own is what came out of it."""
        trial, _ = self._prepared(tmp_path)
        for number, seen in enumerate(trial.read(), 1):
            chunk, place = seen.chunk, f"chunk {number} (split {seen.split.name})"
            require("row", self.is_counted == (chunk.counted is not None), f"{place}: counted is {chunk.counted}")
            came = chunk.rows.num_rows + len(chunk.rejects) + chunk.held
            told = f"{chunk.rows.num_rows} rows + {len(chunk.rejects)} rejects + {chunk.held} held"
            require("row", chunk.counted in (None, came), f"{place}: counted {chunk.counted}, came {told}")

    def test_contents(self, tmp_path: Path) -> None:
        """Through shape and lake, bronze holds what the author knows to be there."""
        trial, records = self._prepared(tmp_path)
        load = trial.load()
        require("contents", load.counts.holds, f"the row law does not hold for the load: {load.counts}")
        require("contents", load.counts.proven == self.is_counted, "the load is not marked as `is_counted` says")
        self._compare("contents", "bronze", records, trial.bronze())
        head = trial.lake().table(trial.spec.id).head()
        known = {column.name: str(column.type) for column in head.schema} if head else {}
        wrong = [
            f"{name} is {known.get(name)}, not {kind}" for name, kind in self.types.items() if known.get(name) != kind
        ]
        require("contents", not wrong, "; ".join(wrong))

    def test_resuming_after_any_chunk(self, tmp_path: Path) -> None:
        """From every position a load could keep, exactly the rest is read; a plan that is bound is gone on with by its own source."""
        trial, _ = self._prepared(tmp_path)
        with trial.opened() as source:
            self._resume(trial, source)

    def _resume(self, trial: Trial, source: Source) -> None:
        whole = trial.read_by(source)
        for number, seen in enumerate(whole, 1):
            if seen.split.resumable or seen.ends_split:
                is_bound = seen.split.bound
                rest = trial.read_by(source, seen.position, resumes=True) if is_bound else trial.read(seen.position)
                self._compare("resume", f"after chunk {number}", records_of(whole[number:]), records_of(rest))
                last = rest[-1].position if rest else seen.position
                same = last == whole[-1].position
                require(
                    "resume",
                    same,
                    f"after chunk {number} the load ended elsewhere: {last!r}, not {whole[-1].position!r}",
                )

    def test_growth(self, tmp_path: Path) -> None:
        """Nothing new loads nothing; what was added, and only that, comes with the next load."""
        trial, records = self._prepared(tmp_path)
        trial.load()
        again = trial.load()
        wanted_state = "nothing_new" if self.knows_news else "succeeded"
        require("growth", again.state == wanted_state, f"the second load of the same records was {again.state}")
        added = self.grow(tmp_path)
        counts = trial.load().counts
        came = (counts.written, counts.quarantined)
        wanted_records = records + added if self.mode == "replace" else added
        wanted = (len(wanted_records.rows), len(wanted_records.rejects))
        require("growth", came == wanted, f"(rows, rejects) of the next load were {came}, {wanted} were added")
        self._compare("growth", "bronze after two loads", records + added, trial.bronze())

    @pytest.mark.skipif(os.name == "nt", reason="a process is killed the POSIX way")
    def test_crash(self, tmp_path: Path) -> None:
        """Killed in the first load or in the one after new records came, then run again, it holds each record once."""
        trial, records = self._prepared(tmp_path)
        lakes = {f"lake{number}": kill for number, kill in enumerate(self.kills)}
        died = self._load_all(trial, {lake: point if nth == 1 else "" for lake, (nth, point) in lakes.items()})
        records += self.grow(tmp_path)
        again = self._load_all(trial, {lake: "" if nth == 1 else point for lake, (nth, point) in lakes.items()})
        self._load_all(trial, dict.fromkeys(again, ""))
        require("crash", died or again, "no load came to its crash point: there was nothing to load")
        for lake in (*died, *again):
            nth, point = lakes[lake]
            self._compare("crash", f"bronze after load {nth} was killed at {point}", records, trial.bronze(lake))

    def test_errors(self, tmp_path: Path) -> None:
        """A system that cannot be read is explained to the person who must mend it."""
        self._optional("spoil")
        trial, _ = self._prepared(tmp_path)
        self.spoil(tmp_path)
        error = _fault(trial.read)
        require("error", error is not None, "a spoiled source was read as if nothing were wrong")
        require("error", isinstance(error, LakesmithError), f"{type(error).__name__} is no LakesmithError: {error}")
        if isinstance(error, LakesmithError):
            for part in ("what", "where", "fix"):
                require("error", getattr(error, part), f"{type(error).__name__} does not say {part}: {error}")
            self._require_discreet("error", [str(error)])
            require("error", str(pickle.loads(pickle.dumps(error))) == str(error), "it changes when it is pickled")  # noqa: S301

    def test_check(self, tmp_path: Path) -> None:
        """People run `check` when things are half done: whatever there is, it has an answer."""
        trial, _ = self._prepared(tmp_path)
        bare = Trial(trial.kind, SourceContext("contract", trial.context.options, tmp_path), trial.lakes)
        self._check(bare, "without streams")
        require("check", self._check(trial, "with records"), "it has nothing to say of a stream with records")
        if self._offers("spoil"):
            self.spoil(tmp_path)
            levels = {finding.level for finding in self._check(trial, "spoiled")}
            require("check", "error" in levels, "a spoiled source is no finding of level error")

    def test_an_empty_source(self, tmp_path: Path) -> None:
        """No record yet is no fault."""
        self._optional("empty")
        self.empty(tmp_path)
        trial = self._trial(tmp_path)
        self._check(trial, "empty")
        error = _fault(trial.load)
        require("growth", error is None, f"loading an empty source failed: {error}")
        self._compare("growth", "bronze of an empty source", Records([]), trial.bronze())

    def _prepared(self, folder: Path) -> tuple[Trial, Records]:
        records = self.prepare(folder)
        return self._trial(folder), records

    def _trial(self, folder: Path) -> Trial:
        """Return the source over the system in `folder`, made from options as a project file's would be."""
        spec = StreamSpec(
            StreamId("contract", "records"),
            mode=self.mode,
            key=self.key,
            options=self.source.StreamOptions(**self.stream_options),
            where=WHERE,
        )
        context = SourceContext("contract", self.source.Options(**self.options), folder, (spec,), where=WHERE)
        return Trial(self.source, context, folder / ".lakes")

    def _load_all(self, trial: Trial, points: Mapping[str, str]) -> tuple[str, ...]:
        """Load into every lake; return those whose load died. A load that fails in another way breaks the law."""
        ended = load_all(trial, points)
        told = "\n".join(f"{lake}: {complaint}" for lake, complaint in ended.complaints.items())
        require("crash", not ended.complaints, f"a load that should have gone on failed:\n{told}")
        return ended.died

    def _compare(self, law: str, what: str, expected: Records, actual: Records) -> None:
        require_equal(law, f"rows of {what}", expected.rows, actual.rows)
        compare(law, f"rejects of {what}", expected.rejects, actual.rejects)

    def _check(self, trial: Trial, state: str) -> list[Any]:
        findings: list[Any] = []
        with trial.opened() as source:
            error = _fault(lambda: findings.extend(source.check()))
        require("check", error is None, f"{state}, it raised {type(error).__name__}: {error}")
        for finding in findings:
            is_whole = isinstance(finding, Finding) and finding.level in LEVELS and finding.subject and finding.text
            require("check", is_whole, f"{state}, it yielded {finding!r}: a Finding has a level of {', '.join(LEVELS)}")
        self._require_discreet("check", [f"{finding.text} {finding.fix}" for finding in findings])
        return findings

    def _require_discreet(self, law: str, texts: Iterable[str]) -> None:
        require(law, not self.secret or not any(self.secret in text for text in texts), "it shows the secret")

    def _offers(self, hook: str) -> bool:
        return getattr(type(self), hook) is not getattr(SourceContract, hook)

    def _optional(self, hook: str) -> None:
        if not self._offers(hook):
            pytest.skip(f"{type(self).__name__} has no `{hook}`")


def _fault(action: Callable[[], object]) -> Exception | None:
    """Return what `action` raises. Any exception at all: which one it is, is what is being tested."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - a foreign connector may raise anything
        return error
    return None


def _is_canonical(position: Any) -> bool:
    try:
        plain = json.loads(position)
    except (ValueError, TypeError):
        return False
    return isinstance(position, bytes) and position in {
        json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii_only).encode()
        for ascii_only in (True, False)
    }
