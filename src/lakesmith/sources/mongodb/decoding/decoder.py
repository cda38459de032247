"""Blocks of raw BSON into Arrow record batches: the seam behind which the ways of decoding lie."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from pyarrow import RecordBatch

from lakesmith.sources.mongodb.decoding.building import Builder, Clash
from lakesmith.sources.mongodb.decoding.extended_json import object_text
from lakesmith.sources.mongodb.decoding.fields import Budget, Parts
from lakesmith.sources.mongodb.decoding.inspecting import id_bytes, id_text, tidied
from lakesmith.sources.mongodb.decoding.layout import BrokenError, cut
from lakesmith.sources.mongodb.decoding.result import Broken, Decoded
from lakesmith.sources.mongodb.decoding.walking import Walked
from lakesmith.sources.mongodb.decoding.ways import Matched, Ways

SLICE = 4 * 1024 * 1024
"""How many bytes of documents are worked on at once, unless one alone is longer."""

MOST_CELLS = 4_000_000
"""How many cells the columns of a slice may have, values or not."""

MOST_GROUPS = 16
"""Into how many batches the rows of a slice are parted by the kinds of their values; if that is not enough, they are one."""

MOST_DISTINCT = 1_000
"""Of how many combinations of kinds it is tried."""

NESTED = 10
"""How many times `max_fields` there may be fields in all, parts of objects among them."""

_STUCK = "the length of the document cannot be right: nothing behind it can be read"
_USUAL = b"\x07_id\0"

Place = tuple[int, int]
Piece = Matched | Walked


class Decoder:
    """Decodes the blocks of one collection, one after the other. Not for use by several threads."""

    def __init__(self, *, max_fields: int = 500) -> None:
        """Begin with a collection of which nothing is known.

        Args:
            max_fields: How many fields a document may have as columns of their own, and any object in it as parts, in the order in
                which they are met; the others are told in `_rest`.
        """
        self._total = NESTED * max_fields
        self._parts = Parts(Budget(max_fields, self._total))
        self._ways = Ways(self._parts)

    def decode(self, block: bytes | memoryview) -> Decoded:
        """Return the documents that lie in `block` one behind the other.

        Nothing is raised for what the block holds: a document that is broken is a reject, and so are the bytes from the first length
        on that cannot be right, as one. Rows keep their order within a batch, and those of documents with one `_id` between batches.
        """
        was_collecting = gc.isenabled()
        gc.disable()  # millions of small objects come and go, and none of them is part of a cycle
        try:
            return self._decoded(bytes(block))
        finally:
            if was_collecting:
                gc.enable()

    def _decoded(self, block: bytes) -> Decoded:
        batches: list[RecordBatch] = []
        rejects: list[Broken] = []
        documents, start = 0, 0
        while start < len(block):
            most = max(1, MOST_CELLS // (self._total - self._parts.budget.left + 1))
            part = cut(block, start, size=SLICE, most=most)
            batches += self._slice(block, part.places, documents, rejects)
            documents += len(part.places)
            start = part.end
            if part.is_stuck:
                rejects.append(Broken(_STUCK, documents, id_text(block[start:]), block[start:]))
                documents, start = documents + 1, len(block)
        return Decoded(tuple(batches), tuple(rejects), documents)

    def _slice(self, block: bytes, places: Sequence[Place], first: int, rejects: list[Broken]) -> list[RecordBatch]:
        if not places:
            return []
        matched, left = self._ways.match(block, places)
        pieces: list[Piece] = [*matched, Walked(block, left)] if left else [*matched]
        if len(pieces) > 1 and _has_twins(block, places):
            pieces = [Walked(block, [*places])]
        numbers = {start: number for number, (start, _) in enumerate(places, first)}
        batches: list[RecordBatch] = []
        for piece in pieces:
            batches += self._batches(piece, block, numbers, rejects)
        return batches

    def _batches(
        self, piece: Piece, block: bytes, numbers: Mapping[int, int], rejects: list[Broken]
    ) -> list[RecordBatch]:
        """Return documents as batches: taken apart as they are, or value by value, or after each was inspected."""
        walked = Walked(block, piece.places)
        for way in (piece, walked) if isinstance(piece, Matched) else (walked,):
            try:
                return self._parted(way, block)
            except (ValueError, IndexError):
                self._parts.forget()
        whole = _whole(walked, numbers, rejects)
        return self._parted(whole, whole.block) if whole.places else []

    def _parted(self, piece: Piece, block: bytes) -> list[RecordBatch]:
        """Return documents as one batch, or as several where fields have values of several kinds."""
        batch, clashes = self._batch(piece, block)
        groups = _groups(clashes, batch.num_rows) if clashes else []
        if not 1 < len(groups) <= MOST_GROUPS or _has_twins(block, piece.places):
            return [batch]
        return [self._batch(piece.only(rows), block)[0] for rows in groups]

    def _batch(self, piece: Piece, block: bytes) -> tuple[RecordBatch, list[Clash]]:
        builder = Builder(block)
        as_sent = dict(piece.as_sent) if isinstance(piece, Walked) else {}
        try:
            piece.fill(self._parts)
            batch = builder.batch(self._parts, len(piece.places), as_sent)
            self._parts.keep()
        finally:
            self._parts.clear()
        return batch, builder.clashes


def _whole(walked: Walked, numbers: Mapping[int, int], rejects: list[Broken]) -> Walked:
    """Return those documents that can become rows, tidied, and in full those that had to be; add the others to `rejects`."""
    kept: list[bytes] = []
    as_sent: dict[int, str] = {}
    for start, end in walked.places:
        document = walked.block[start:end]
        try:
            tidy = tidied(document)
            if tidy != document:
                as_sent[len(kept)] = object_text(document, 0)
            kept.append(tidy)
        except BrokenError as why:
            rejects.append(Broken(str(why), numbers[start], id_text(document), document))
    ends = accumulate(map(len, kept), initial=0)
    return Walked(b"".join(kept), list(pairwise(ends)), as_sent)


def _groups(clashes: Sequence[Clash], size: int) -> list[list[int]]:
    """Return the rows in groups in which no field has values of two kinds."""
    rows_of: dict[tuple[str, ...], list[int]] = {}
    for row in range(size):
        rows_of.setdefault(tuple(clash.kinds.get(row, "") for clash in clashes), []).append(row)
    if len(rows_of) > MOST_DISTINCT:
        return []
    groups: list[tuple[tuple[str, ...], list[int]]] = []
    for kinds, rows in sorted(rows_of.items(), key=lambda item: -len(item[1])):
        for number, (others, members) in enumerate(groups):
            if all(one == other or not one or not other for one, other in zip(kinds, others, strict=True)):
                together = tuple(one or other for one, other in zip(kinds, others, strict=True))
                groups[number] = (together, members + rows)
                break
        else:
            groups.append((kinds, rows))
    return [sorted(rows) for _, rows in groups]


def _has_twins(block: bytes, places: Sequence[Place]) -> bool:
    """Whether two documents have the same `_id`: their rows stay in one batch then, in their order."""
    ids = [_id_of(block, start, end) for start, end in places]
    ids = [one for one in ids if one is not None]
    return len(set(ids)) < len(ids)


def _id_of(block: bytes, start: int, end: int) -> bytes | None:
    """Return type and value of a document's `_id`, None if it has none or cannot be read."""
    if block[start + 4 : start + 9] == _USUAL:
        return block[start + 4 : start + 21]
    try:
        return id_bytes(block[start:end])
    except (ValueError, IndexError):
        return None
