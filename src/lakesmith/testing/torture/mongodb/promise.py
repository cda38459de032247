"""What the laws of a stream promise, worked out from the versions that the server held: which of them bronze has, each of them once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.mongodb.market import Market, Version
from lakesmith.testing.torture.mongodb.oracle import columns_of, differs
from lakesmith.testing.torture.mongodb.watched import KEY
from lakesmith.testing.torture.mongodb.words import CursorKind

Row = Mapping[str, Any]
DELETED = "d"


@dataclass(slots=True)
class Sight:
    """How a load of one stream went: the moments it was planned at and ended, None where it did not get there.

    `loaded`: what it says of itself if it went through. `tries` counts how often it began.
    """

    planned: list[int] = field(default_factory=list)
    ended: int | None = None
    loaded: Mapping[str, Any] | None = None
    tries: int = 0
    compared: tuple[int, int] | None = None
    """Between which moments keys were compared, if that went through."""


@dataclass(slots=True)
class Promise:
    """What bronze holds of one stream, and what it has to hold after the next load.

    `rows` are the versions by `_ls_seq`, `gone` the documents of `d` rows. `last` is the highest cursor that was planned with, None
    before the first load. `since` is the first moment that anything was planned at of which nobody knows whether it landed.
    """

    mode: str
    kind: CursorKind
    rows: dict[int, Version] = field(default_factory=dict)
    proven: dict[int, str] = field(default_factory=dict)
    """What each row read when it was compared with its version: as long as it reads the same, it tells it."""
    gone: dict[int, str] = field(default_factory=dict)
    last: Any = None
    uuid: str = ""
    since: int | None = None
    head: Any = None
    keys: dict[str, str] = field(default_factory=dict)
    """Documents by the text that tells them apart in bronze."""

    def is_another(self, market: Market, at: int) -> bool:
        """Whether the collection is another one than the stream was read from so far."""
        return bool(self.uuid) and self.mode != "replace" and market.was_called(at, at) != {self.uuid}

    def check(self, market: Market, head: Any, rows: Sequence[Row], sight: Sight, *, rebuilds: bool) -> None:
        """Compare bronze with it after a load, and take over what came.

        Raises:
            BrokenError: If a document is lost, doubled, wrong, or mixed with those of another collection.
        """
        begun = self.since if self.since is not None else (sight.planned[0] if sight.planned else None)
        ended = sight.ended if sight.ended is not None else market.now
        bare = {row["_ls_seq"]: row for row in rows}
        if len(bare) != len(rows):
            raise self._broken("doubled", "two rows have the same _ls_seq")
        is_anew = self._is_anew(bare, sight, rebuilds=rebuilds)
        if is_anew:
            self.rows, self.proven, self.gone, self.last, self.uuid = {}, {}, {}, None, ""
        self._look(market, bare, begun, ended)
        if self.mode == "replace":
            if is_anew and begun is not None:
                self._check_lives(market, begun, ended)
        else:
            self._check_once()
        if sight.loaded is not None:
            self._loaded(market, sight, (begun if begun is not None else ended, ended))
        elif sight.planned and (head != self.head or rebuilds):
            self.since = begun  # where nothing landed, what a load before it has left behind stays as it is
        self.head = head
        if sight.compared is not None:
            self._check_gone(market, *sight.compared)

    def _is_anew(self, bare: Mapping[int, Row], sight: Sight, *, rebuilds: bool) -> bool:
        """Whether readers see another generation than before; where they do not, all rows are there that were there.

        Raises:
            BrokenError: If some are gone.
        """
        known = {*self.rows, *self.gone}
        lost = known - set(bare)
        if not lost and (self.mode != "replace" or known == set(bare)) and not (rebuilds and sight.loaded and known):
            if self.mode == "replace" and sight.loaded and known:
                raise self._broken("lost", "a load went through, and readers see what they saw before")
            return False
        if (self.mode == "replace" or rebuilds) and not known & set(bare):
            return True
        raise self._broken(
            "lost", f"{len(lost)} of {len(known)} rows that readers had seen are gone, or an old one came back"
        )

    def _look(self, market: Market, bare: Mapping[int, Row], begun: int | None, ended: int) -> None:
        """Find the version that each row tells; of a new row, one that was there while the load read.

        Raises:
            BrokenError: If there is none.
        """
        taken = Counter(id(version) for version in self.rows.values())
        for seq in sorted(bare):
            row = bare[seq]
            if row["_ls_op"] == DELETED:
                self._look_gone(market, row, begun, ended)
                continue
            known, reads = self.rows.get(seq), _reads(row)
            if known is not None and self.proven[seq] == reads:
                continue
            columns = columns_of(row)
            wanted = [known] if known is not None else market.versions.get(row.get("w") or 0, [])
            told = [(differs(one.document, columns), one) for one in wanted]
            found = [one for fault, one in told if not fault]
            if not found:
                raise self._broken("wrong", _shown(told, row))
            if known is None:
                met = [one for one in found if begun is not None and one.was_met(begun, ended)]
                if not met:
                    raise self._broken("doubled", f"row {seq:#x} came, and its document was not there: {_short(row)}")
                known = min(met, key=lambda one: taken[id(one)])
                taken[id(known)] += 1
                self.rows[seq] = known
            self._same_key(row, known)
            self.proven[seq] = reads

    def _same_key(self, row: Row, version: Version) -> None:
        if self.mode == "dedupe" and self.keys.setdefault(row[KEY], version.key) != version.key:
            raise self._broken("wrong", f"{row[KEY]} stands for two documents: {version.key} too")

    def _look_gone(self, market: Market, row: Row, begun: int | None, ended: int) -> None:
        seq, key = row["_ls_seq"], self.keys.get(row.get(KEY) or "")
        if seq in self.gone:
            return
        throughout = {one.key for one in _throughout(market, ended if begun is None else begun, ended)}
        if key is None or key in throughout:
            raise self._broken("wrong", f"row {seq:#x} says that {key} is gone: {_short(row)}")
        self.gone[seq] = key

    def _check_lives(self, market: Market, begun: int, ended: int) -> None:
        """Check that each document that was there throughout came once, and any other one at most once."""
        lives = Counter(version.life for version in self.rows.values())
        doubled = [life for life, count in lives.items() if count > 1]
        throughout = {one.life: one for one in _throughout(market, begun, ended)}
        lost = [one for life, one in throughout.items() if life not in lives]
        if doubled or lost:
            told = (
                f"{len(lost)} documents lack, such as {_short(lost[0].document)}"
                if lost
                else f"{len(doubled)} documents came twice"
            )
            raise self._broken("lost" if lost else "doubled", told)

    def _check_once(self) -> None:
        counted = Counter(id(version) for version in self.rows.values())
        doubled = [version for version in self.rows.values() if counted[id(version)] > 1]
        if doubled:
            raise self._broken("doubled", f"{len(doubled)} rows, such as {_short(doubled[0].document)}")
        uuids = {version.uuid for version in self.rows.values()}
        if len(uuids) > 1 or (uuids and self.uuid and uuids != {self.uuid}):
            raise self._broken(
                "mixed", f"rows of {len(uuids)} collections stand in one table, and {self.uuid} was read"
            )

    def _loaded(self, market: Market, sight: Sight, span: tuple[int, int]) -> None:
        """Check what a load promises that went through."""
        said = sight.loaded or {}
        if said["quarantined"] or not said["holds"]:
            raise self._broken("other", f"it ended with {dict(said)}")
        if self.mode == "replace":
            self.since = None
            return
        if self.is_another(market, sight.planned[-1]):
            raise self._broken("mixed", "it went through, and the collection had been made anew")
        wanted = list(self._promised(market, *span))
        there = {id(version) for version in self.rows.values()}
        lost = [version for version in wanted if id(version) not in there]
        if lost:
            raise self._broken("lost", f"{len(lost)} of {len(wanted)} documents, such as {_short(lost[0].document)}")
        if self.mode == "dedupe":
            self._check_newest(wanted)
        ranks = [self.last] if self.last is not None else []
        for at in sight.planned:
            ranks += [one.rank for one in _all(market) if one.rank is not None and one.was_there(at, at)]
        self.last, self.since = max(ranks, default=None), None
        [self.uuid] = market.was_called(sight.planned[-1], sight.planned[-1])

    def _promised(self, market: Market, begun: int, ended: int) -> Iterable[Version]:
        """Return the versions that a load has to bring, or that have to be there already."""
        lower = self.kind.lower(self.last) if self.last is not None else None
        for version in _all(market):
            if (
                version.rank is not None
                and version.was_there(begun, ended)
                and (lower is None or version.rank >= lower)
            ):
                yield version

    def _newest(self) -> dict[str, int]:
        told = [*((seq, version.key) for seq, version in self.rows.items()), *self.gone.items()]
        return {key: seq for seq, key in sorted(told)}

    def _check_newest(self, wanted: Iterable[Version]) -> None:
        newest = self._newest()
        wrong = [version for version in wanted if self.rows.get(newest[version.key]) is not version]
        if wrong:
            other = self.rows.get(newest[wrong[0].key])
            told = _short(other.document) if other is not None else "deleted"
            raise self._broken("current", f"{len(wrong)} keys, such as {_short(wrong[0].document)}, which is {told}")

    def _check_gone(self, market: Market, begun: int, ended: int) -> None:
        """Check that after a comparison of keys those that are current are those that there are."""
        newest = self._newest()
        there = {one.key for one in _all(market) if one.was_met(begun, ended)}
        left = [key for key, seq in newest.items() if seq in self.rows and key not in there]
        if left:
            raise self._broken("current", f"{len(left)} keys stay that are gone, such as {left[0]}")

    def _broken(self, kind: str, told: str) -> BrokenError:
        return BrokenError(kind, f"{self.mode}: {told}")


def _all(market: Market) -> Iterable[Version]:
    return (version for versions in market.versions.values() for version in versions)


def _throughout(market: Market, begun: int, ended: int) -> list[Version]:
    """Return the last version of each document that was there from one moment to another, however it changed."""
    first = {one.life for one in _all(market) if one.was_there(begun, begun)}
    return [one for one in _all(market) if one.was_there(ended, ended) and one.life in first]


def _reads(row: Row) -> str:
    """Return all that a row says; columns that came since add nothing to it."""
    return repr({name: value for name, value in row.items() if value is not None})


def _short(told: Mapping[str, Any]) -> str:
    return f"{ {name: value for name, value in told.items() if value is not None} }"[:500]


def _shown(told: Sequence[tuple[str, Version]], row: Row) -> str:
    faults = sorted((fault for fault, _one in told), key=lambda fault: fault.startswith("_id:"))
    fault = f"not as the server has it: {faults[0][:400]}" if faults else "of no document that there ever was"
    return f"row {row['_ls_seq']:#x} is {fault}; {_short(row)}"
