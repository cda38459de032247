"""What an answer holds of a stream: its records, or the reason why it is not the page that was asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from lakesmith.errors import SourceDataError
from lakesmith.sources.rest.flow.attempts import BrokenAnswerError
from lakesmith.sources.rest.flow.digging import dig, found, path_of, whole_number
from lakesmith.sources.rest.flow.judging import is_suspicious, message_of, plain_of
from lakesmith.sources.rest.flow.values import Response
from lakesmith.sources.rest.options import RestStreamOptions
from lakesmith.sources.rest.reading.documents import Document, TooMuchError, look_at
from lakesmith.sources.rest.reading.lines import look_at_lines

NOT_READY = 202
KEY_BYTES = 8

Pick = Callable[[bytes], Any] | None


def look(options: RestStreamOptions, response: Response, name: str, pick: Pick = None) -> tuple[Document, Any]:
    """Return what there is in an answer, and what stands beside its records.

    Args:
        options: What the project file says of the stream.
        response: The answer; its status says that all went well.
        name: What to call it in errors.
        pick: Makes something of each record of JSON, to be kept; it must be small.

    Raises:
        BrokenAnswerError: If it cannot be read to its end, seems to be an error in the place of records, or lacks what it should have.
    """
    if response.is_none and not response.body.size and options.expects is None:
        return Document(), None
    document = _of_json(options, response, name, pick) if options.format == "json" else _of_lines(options, response)
    if response.status == NOT_READY and not document.has_records:
        raise BrokenAnswerError("it is not ready yet")
    _expect(options, document, response)
    return document, document.beside


def key_of(text: bytes, key: tuple[str, ...]) -> bytes | None:
    """Return a hash of what identifies a record, None where a part of it is not there or the record cannot be read."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    values = [dig(record, part) for part in key]
    if None in values:
        return None
    plain = json.dumps(values, sort_keys=True).encode()
    return hashlib.blake2b(plain, digest_size=KEY_BYTES).digest()


def _of_json(options: RestStreamOptions, response: Response, name: str, pick: Pick) -> Document:
    try:
        document = look_at(response.body, options.records, name, pick)
    except TooMuchError as error:
        raise BrokenAnswerError(str(error)) from error
    except (SourceDataError, ValueError, RecursionError) as error:
        raise BrokenAnswerError("it is no JSON from its beginning to its end") from error
    is_object = document.count == 1 and not path_of(options.records)
    if (is_object or not document.has_records) and is_suspicious(document.beside):
        raise BrokenAnswerError(message_of(document.beside, None) or "it holds an error and no records")
    for place in filter(None, _needed(options)):
        path = path_of(place)
        if any(path[: len(dropped)] == dropped for dropped in document.dropped):
            raise BrokenAnswerError(f"what it has at `{place}` is too long to be read")
    return document


def _needed(options: RestStreamOptions) -> tuple[str | None, ...]:
    """Return the places in an answer that have to be known: without them reading would end too early."""
    paging = options.paging
    return options.expects, paging.next, paging.more, paging.total, paging.pages, paging.count


def _of_lines(options: RestStreamOptions, response: Response) -> Document:
    document = look_at_lines(response.body, is_csv=options.format == "csv")
    if options.ends_lines and not document.is_ended:
        raise BrokenAnswerError("it ends in the middle of a line")
    document.beside = plain_of(response)
    is_object = isinstance(document.beside, dict)
    if is_object and (options.format == "csv" or is_suspicious(document.beside)):
        raise BrokenAnswerError(message_of(document.beside, None) or "it is an object of JSON in the place of lines")
    return document


def _expect(options: RestStreamOptions, document: Document, response: Response) -> None:
    said = whole_number(found(document.beside, response.headers, options.paging.count))
    if said is not None and said != document.count:
        raise BrokenAnswerError(f"it has {document.count:,} records and says {said:,}")
    if options.expects is None:
        return
    is_there = path_of(options.expects) == path_of(options.records) and document.has_records
    if not is_there and found(document.beside, response.headers, options.expects) is None:
        raise BrokenAnswerError(f"it has no `{options.expects}`")
