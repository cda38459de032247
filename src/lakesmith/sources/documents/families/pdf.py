"""PDF: text page by page, tables where lines draw them, files inside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from lakesmith.sources.documents.dispatch import Task, attach, guarded
from lakesmith.sources.documents.instants import instant_of_pdf
from lakesmith.sources.documents.parsed import Attachment, Parsed, Table, UnreadableError

if TYPE_CHECKING:
    from io import BufferedReader

    from pypdf import PdfReader

MAX_PAGES = 20_000
MAX_ATTACHED = 1_000


def read(file: BinaryIO, task: Task) -> Parsed:
    """Return what a PDF says. Tables are looked for while half of the time is left; without them, `cut` says so."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(file, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("encrypted")
        return _read(reader, file, task)
    except PyPdfError as error:
        raise UnreadableError(f"malformed: {type(error).__name__}") from error


def _read(reader: PdfReader, file: BinaryIO, task: Task) -> Parsed:
    count = len(reader.pages)
    pages: list[str] = []
    room = task.limits.max_text_chars
    for page in reader.pages[:MAX_PAGES]:
        if room < 0:
            break
        pages.append(page.extract_text())
        room -= len(pages[-1])
    known = {key.lstrip("/"): str(value) for key, value in (reader.metadata or {}).items() if value is not None}
    tables, is_whole = _tables(file, task) if task.limits.tables and task.depth == 0 else ([], True)
    attachments = _attachments(reader, task)
    cut = {
        "text": len(pages) < count,
        "page_texts": len(pages) < count,
        "tables": not is_whole,
        "attachments": len(attachments) >= MAX_ATTACHED,
    }
    return Parsed(
        text="\n".join(pages),
        title=known.get("Title"),
        author=known.get("Author"),
        created_at=instant_of_pdf(known.get("CreationDate")),
        pages=count,
        metadata=known,
        attachments=attachments,
        tables=tables,
        page_texts=pages,
        cut=frozenset(column for column, is_cut in cut.items() if is_cut),
    )


def _attachments(reader: PdfReader, task: Task) -> list[Attachment]:
    def listed() -> list[tuple[str, bytes]]:
        found = ((name, content) for name, contents in reader.attachments.items() for content in contents)
        return [one for one, _ in zip(found, range(MAX_ATTACHED), strict=False)]

    return [attach(name, content, "", task) for name, content in guarded(listed)[0] or []]


def _tables(file: BinaryIO, task: Task) -> tuple[list[Table], bool]:
    """Return tables, and whether all pages could be looked at: a second reader is asked, which may fail where the first did not."""
    found: list[Table] = []
    is_whole, _ = guarded(lambda: _collect(file, task, found))
    return found, bool(is_whole)


def _collect(file: BinaryIO, task: Task, found: list[Table]) -> bool:
    import pdfplumber

    file.seek(0)
    with pdfplumber.open(cast("BufferedReader", file)) as document:
        for page in document.pages:
            if time.monotonic() > task.soft_deadline:
                return False
            found += [_table(rows, page.page_number) for rows in page.extract_tables()]
            page.close()
    return True


def _table(rows: list[list[Any]], page: int) -> Table:
    return Table([[cell or "" for cell in row] for row in rows], page=page)
