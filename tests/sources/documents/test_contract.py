"""The laws of a source, over documents of several kinds."""

import shutil
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType

import pytest

from lakesmith.sources.documents import DocumentsSource
from lakesmith.testing import Records, SourceContract

MAIL = b"From: Ann <ann@example.com>\nTo: bob@example.com\nSubject: Offer\nDate: Fri, 2 Jan 2026 10:00:00 +0100\n\nDear Bob,\nhere it is.\n"
COMMON = {"recipients": [], "attachments": [], "tables": [], "page_texts": [], "cut": []}


def facts(folder, name, content):
    path = folder / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return {
        "path": f"in/{name}",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "declared": name.partition(".")[2],
        "modified_at": _instant(path.stat().st_mtime_ns),
    }


def _instant(ns):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)


class TestDocuments(SourceContract):
    source = DocumentsSource
    stream_options = MappingProxyType({"files": "in/*"})
    kills = ((2, "run.load.before_commit"),)
    types = MappingProxyType(
        {
            "modified_at": "timestamptz",
            "size": "long",
            "pages": "int",
            "metadata": "map<string, string>",
            "page_texts": "list<string>",
            "gps_latitude": "double",
        }
    )

    def prepare(self, folder):
        mail = facts(folder, "mail.eml", MAIL) | COMMON | {
            "type": "eml", "title": "Offer", "author": "Ann <ann@example.com>", "recipients": ["bob@example.com"],
            "created_at": datetime(2026, 1, 2, 9, tzinfo=UTC), "text": "Dear Bob,\nhere it is.",
            "metadata": [("Date", "Fri, 2 Jan 2026 10:00:00 +0100")],
        }  # fmt: skip
        note = facts(folder, "note.txt", b"one\r\ntwo") | COMMON
        note |= {"type": "txt", "text": "one\ntwo", "metadata": [("encoding", "utf-8")]}
        page = facts(folder, "page.html", b"<html><body>hi<table><tr><th>a<tr><td>1</table></body></html>") | COMMON
        page |= {"type": "html", "text": "hi\na\n1", "metadata": []}
        page |= {"tables": [{"number": 1, "page": None, "header": ["a"], "cells": [["1"]]}]}
        return Records([mail, note, page])

    def grow(self, folder):
        row = facts(folder, "note2.md", b"# Title\n\ntext") | COMMON
        return Records(
            [row | {"type": "md", "title": "Title", "text": "# Title\n\ntext", "metadata": [("encoding", "utf-8")]}]
        )

    def empty(self, folder):
        (folder / "in").mkdir()

    def spoil(self, folder):
        shutil.rmtree(folder / "in")


@pytest.mark.long
class TestDocumentsEverywhere(TestDocuments):
    """The same, killed at every point that a source can tell apart."""

    kills = SourceContract.kills
