"""A process that reads splits: `python -m lakesmith.sources.mongodb.reading.worker CHANNEL LIFELINE`."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.errors import LakesmithError
from lakesmith.sources.mongodb.connecting.address import load_driver
from lakesmith.sources.mongodb.connecting.faults import driver_errors
from lakesmith.sources.mongodb.connecting.server import Settings, connect
from lakesmith.sources.mongodb.elements import BrokenDocumentError, Element, documents, find
from lakesmith.sources.mongodb.planning.looking import mark_of
from lakesmith.sources.mongodb.reading.job import Job, receive, send
from lakesmith.sources.mongodb.reading.keyed import id_of, with_key
from lakesmith.sources.scene import Scene

if TYPE_CHECKING:
    from lakesmith.sources.mongodb.decoding import Broken, Decoded, Decoder

CHUNK_BYTES = 32 * 1024 * 1024
"""Batches that are larger as Arrow are cut in halves until they are not, or have one row."""
MOST_FETCHED = 100_000
RAW_BYTES = 64 * 1024


def main(channel: socket.socket) -> None:
    """Answer requests until the parent closes the channel."""
    clients: dict[tuple[Any, ...], Any] = {}
    decoders: dict[tuple[Any, ...], Decoder] = {}
    while True:
        try:
            said, _ = receive(channel)
        except EOFError:
            return
        job = Job.decode(said)
        try:
            with driver_errors(Scene(job.place, job.where, job.stream)):
                for answer, payload in _Reading(job, _client(clients, job), _decoder(decoders, job)).answers():
                    send(channel, answer, payload)
        except LakesmithError as error:
            send(channel, {"kind": "error", **error.as_dict()})
        else:
            send(channel, {"kind": "end"})


def _client(clients: dict[tuple[Any, ...], Any], job: Job) -> Any:
    key = (job.url, job.read_preference, job.connect_timeout_s)
    if key not in clients:
        while clients:  # one that is left over is of a source that nobody reads any more
            clients.popitem()[1].close()
        clients[key] = connect(job.url, Settings(job.read_preference, job.connect_timeout_s), job.where)
    return clients[key]


def _decoder(decoders: dict[tuple[Any, ...], Decoder], job: Job) -> Decoder:
    """Return the decoder of a stream, which goes on with what it has learned of its documents."""
    from lakesmith.sources.mongodb.decoding import Decoder

    key = (job.url, job.database, job.collection, job.stream, job.max_fields, bool(job.key_field))
    if key not in decoders:
        decoders.clear()  # streams come one after the other
        decoders[key] = Decoder(max_fields=job.max_fields)
    return decoders[key]


@dataclass(slots=True)
class _Block:
    """Documents that are decoded together, and what was found out of them on the way."""

    content: bytes
    documents: int
    held: int = 0
    marks: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


class _Reading:
    """One job in progress."""

    def __init__(self, job: Job, client: Any, decoder: Decoder) -> None:
        self._job, self._client, self._decoder = job, client, decoder
        self._held = {mark[: job.held_digits] for mark in job.held} if job.held is not None else None
        self._from = Element.of_text(job.marks_from).rank if job.marks_from else None
        self._looks = bool(job.key_field) or job.tells_ids or job.marks_from is not None or self._held is not None

    def answers(self) -> Iterator[tuple[dict[str, Any], Any]]:
        """Yield batches, and after those of each block what was counted of it."""
        for content, count in self._blocks():
            block = self._looked_at(content, count)
            decoded = self._decoder.decode(block.content)
            for batch in decoded.batches:
                for piece in _small(batch):
                    yield {"kind": "batch"}, _packed(piece)
            yield self._told(block, decoded), b""

    def _blocks(self) -> Iterator[tuple[bytes, int]]:
        """Yield documents of about the size of a batch, with their number: how many the server sends at a time is its own choice."""
        most = self._job.batch_bytes
        for sent in self._cursor():
            begun = at = count = 0
            for begins, ends in documents(sent):
                if ends - begun > most and count:
                    yield sent[begun:begins], count
                    begun, count = begins, 0
                at, count = ends, count + 1
            if count:
                yield sent[begun:at] if begun else sent, count

    def _cursor(self) -> Iterator[bytes]:
        import bson

        job = self._job
        concern = load_driver("pymongo.read_concern").ReadConcern("majority")
        collection = self._client.get_database(job.database, read_concern=concern)[job.collection]
        wanted = bson.decode(b64decode(job.filter)) if job.filter else {}
        size = max(2, min(MOST_FETCHED, 2 * job.batch_bytes // max(1, job.document_bytes)))
        with self._client.start_session(causal_consistency=True) as session:
            self._wait_for(session)
            found = collection.find_raw_batches(wanted, job.projection, batch_size=size, session=session)
            if job.is_ranged:
                found = found.hint([("_id", 1)])
                found = found.min([("_id", Element.of_text(job.low).python)]) if job.low else found
                found = found.max([("_id", Element.of_text(job.high).python)]) if job.high else found
            try:
                yield from found
            finally:
                found.close()

    def _wait_for(self, session: Any) -> None:
        """Have a member answer only once it knows what the one knew that the load was planned with."""
        if self._job.causal:
            import bson

            said = bson.decode(b64decode(self._job.causal))
            session.advance_cluster_time(said["cluster"])
            session.advance_operation_time(said["operation"])

    def _looked_at(self, content: bytes, count: int) -> _Block:
        """Return a block without the documents that the lake holds, with the texts of their `_id`s, and fingerprints."""
        if not self._looks:
            return _Block(content, count)
        kept: list[bytes] = []
        block, ids = _Block(content, count), dict[str, None]()
        for begins, ends in documents(content):
            raw = content[begins:ends]
            try:
                id_ = id_of(raw)
                ids[id_.bracket if id_ is not None else ""] = None
                if self._is_held(raw, id_, block):
                    block.held += 1
                    continue
                kept.append(with_key(raw, id_) if id_ is not None and self._job.key_field else raw)
            except BrokenDocumentError:
                kept.append(raw)  # which the decoder puts aside
        block.content, block.ids = b"".join(kept), list(ids)
        return block

    def _is_held(self, raw: bytes, id_: Element | None, block: _Block) -> bool:
        job = self._job
        if job.marks_from is None and self._held is None:
            return False
        value = find(raw, job.cursor)
        mark = mark_of(raw, id_, value, job.salt)
        if self._from is not None and value is not None and value.rank is not None and value.rank >= self._from:
            block.marks.append(mark)
        elif self._held is not None:
            block.late.append(mark)
        return self._held is not None and mark[: job.held_digits] in self._held

    def _told(self, block: _Block, decoded: Decoded) -> dict[str, Any]:
        return {
            "kind": "block",
            "documents": block.documents,
            "held": block.held,
            "marks": block.marks,
            "late": block.late,
            "ids": block.ids,
            "rejects": [_rejected(broken) for broken in decoded.rejects],
        }


def _small(batch: Any) -> Iterator[Any]:
    if batch.nbytes <= CHUNK_BYTES or batch.num_rows <= 1:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _small(batch.slice(0, half))
    yield from _small(batch.slice(half))


def _packed(batch: Any) -> Any:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return memoryview(sink.getvalue())


def _rejected(broken: Broken) -> dict[str, Any]:
    import bson
    from bson import json_util
    from bson.codec_options import CodecOptions
    from bson.codec_options import DatetimeConversion as Dates

    try:
        kept: CodecOptions[Any] = CodecOptions(
            datetime_conversion=Dates.DATETIME_MS, unicode_decode_error_handler="strict"
        )
        raw = json_util.dumps(bson.decode(broken.raw, kept), json_options=json_util.CANONICAL_JSON_OPTIONS)
    except Exception:  # noqa: BLE001 - whatever it is, it is no document
        raw = broken.raw[: RAW_BYTES + 1].decode("utf-8", "surrogateescape")
    return {"reason": broken.reason, "number": broken.number, "raw": raw[:RAW_BYTES], "cut": len(raw) > RAW_BYTES}


def begin(channel: int, lifeline: int) -> None:
    """Be a process that reads, and speaks through descriptors of these numbers; it ends with its parent, and says nothing elsewhere."""
    logging.disable(logging.CRITICAL)
    sys.meta_path.insert(0, _WithoutPandas())
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    try:
        main(socket.socket(fileno=channel))
    except (OSError, EOFError):  # the parent is gone, or does not listen any more
        os._exit(0)


def _end_with(lifeline: int) -> None:
    """End at once when the parent does, which closes the other end of the pipe by that."""
    os.read(lifeline, 1)
    os._exit(0)


class _WithoutPandas:
    """Lets pyarrow, which looks for pandas' arrays wherever it is installed, find none: importing it takes longer than all else."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002 - import's own names
        """Refuse pandas, and leave all else to others.

        Raises:
            ModuleNotFoundError: For pandas.
        """
        if name == "pandas":
            raise ModuleNotFoundError(name)


if __name__ == "__main__":
    begin(int(sys.argv[1]), int(sys.argv[2]))
