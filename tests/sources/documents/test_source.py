"""What is new, changed, touched or gone; what is tried again; what `check` says; what bronze holds."""

import importlib.metadata
import json
import os
import random
from dataclasses import replace
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.errors import ConnectorOptionsError, SourceMissingError
from lakesmith.model.streams import Ask, SourceContext
from lakesmith.sources.documents import DocumentsOptions, DocumentsSource, DocumentStreamOptions
from lakesmith.sources.documents.kinds import BY_TYPE, sniff
from lakesmith.sources.documents.retrying import may_succeed, notes_of
from lakesmith.testing.trial import Trial


def test_new_and_changed_documents_are_read_and_no_other(folder):
    folder.put("a.txt", "one")
    folder.put("b/c.txt", "two")
    assert {name: row["text"] for name, row in folder.load().items()} == {"a.txt": "one", "b/c.txt": "two"}
    assert folder.load() == {}
    folder.put("a.txt", "ONE")
    os.utime(folder.root / "a.txt", ns=(1, 1))
    folder.put("d.txt", "three")
    assert {name: row["text"] for name, row in folder.load().items()} == {"a.txt": "ONE", "d.txt": "three"}


def test_a_document_that_was_only_touched_is_not_read(folder):
    path = folder.put("a.txt", "one")
    folder.load()
    os.utime(path, ns=(1, 1))
    assert folder.load() == {}
    folder.put("b.txt", "two")
    assert list(folder.load()) == ["b.txt"]
    assert json.loads(folder.position)["a.txt"]["m"] == 1


def test_many_documents_are_few_splits_in_order(folder):
    names = [f"{number:03}.txt" for number in range(150)]
    for name in names:
        folder.put(name, f"text {name}")
    assert list(folder.load()) == names
    assert [split.name for split in folder.splits] == [
        "000.txt … 063.txt (64 documents)", "064.txt … 127.txt (64 documents)", "128.txt … 149.txt (22 documents)",
    ]  # fmt: skip
    assert [chunk.origin for chunk in folder.chunks] == names
    assert {chunk.counted for chunk in folder.chunks} == {1}


def test_replace_reads_all_when_one_came_changed_or_went(folder):
    folder.spec = replace(folder.spec, mode="replace")
    for name in ("a.txt", "b.txt"):
        folder.put(name, name)
    assert list(folder.load()) == ["a.txt", "b.txt"]
    assert folder.load() == {}
    (folder.root / "a.txt").unlink()
    assert folder.source.gone(folder.spec, folder.position) == ["a.txt"]
    assert list(folder.load()) == ["b.txt"]
    (folder.root / "b.txt").unlink()
    with pytest.raises(SourceMissingError, match=r"All documents of inbox\.papers are gone"):
        folder.load()


def test_a_document_that_is_gone_or_closed_to_us_when_its_turn_comes_is_a_row(folder):
    folder.put("a.txt", "one")
    folder.put("b.txt", "two")
    [split] = folder.source.splits(folder.spec, Ask())
    (folder.root / "a.txt").unlink()
    chunks = list(folder.source.read(folder.spec, split, Ask()))
    rows = [row for chunk in chunks for row in chunk.rows.to_pylist()]
    assert [(row["path"], row["error"], row["text"]) for row in rows] == [
        ("a.txt", "vanished: it was gone before it could be read", None),
        ("b.txt", None, "two"),
    ]
    assert list(json.loads(chunks[-1].after)) == ["b.txt"]


def test_documents_from_some_day_on(folder):
    folder.put("2026-01-01/a.txt", "one")
    folder.put("2026-01-02/a.txt", "two")
    folder.set(files="{date}/*")
    folder.load()
    kept = folder.source.keep_before(folder.spec, folder.position, date(2026, 1, 2))
    assert kept.origins == {"2026-01-01/a.txt"}
    splits = folder.source.splits(folder.spec, Ask(from_day=date(2026, 1, 2)))
    assert [split.name for split in splits] == ["2026-01-02/a.txt"]


def test_a_document_that_ran_into_a_limit_is_read_again_when_limits_change(folder):
    row = folder.read("big.html", "<html>" + " " * 2_000_000, max_document_mb=1)
    assert row["error"] == "too large: more than 1 MB"
    assert folder.load() == {}
    folder.set(max_document_mb=3)
    assert folder.load()["big.html"]["error"] is None
    assert folder.load() == {}


def test_a_document_that_takes_too_long_is_read_again_when_it_may_take_longer(folder):
    html = "<html>" + "<p>word</p>" * 60_000
    assert folder.read("a.html", html, timeout_s=0.05)["error"] == "timed out: not read within 0.05 s"
    assert folder.load() == {}
    folder.set(timeout_s=60)
    assert folder.load()["a.html"]["text"].startswith("word\nword")


def test_a_document_that_lacked_a_library_is_read_again_once_it_is_there():
    options = DocumentStreamOptions(files="*")
    lacking = notes_of(options, {"error": 'library missing: nobody_has_this; pip install "lakesmith[documents]"'})
    assert not may_succeed(options, lacking)
    there = notes_of(options, {"error": 'library missing: json, email; pip install "lakesmith[documents]"'})
    assert may_succeed(options, there)
    assert notes_of(options, {"error": "encrypted"}) == {}


def test_documents_on_a_web_server(folder, tmp_path_factory):
    """They are copied to a file without a name, from which workers read."""
    served = tmp_path_factory.mktemp("served")
    (served / "a.html").write_text("<html><title>Far</title><p>away</p></html>")
    (served / "names.txt").write_text("a.html\n")
    handler = partial(Quiet, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        options = DocumentsOptions(root=f"http://127.0.0.1:{server.server_port}", index="names.txt")
        folder.source = DocumentsSource(SourceContext("inbox", options, folder.root, (folder.spec,)))
        folder.set(files="*.html")
        [row] = folder.load().values()
        assert (row["path"], row["title"], row["text"], row["error"]) == ("a.html", "Far", "away", None)
        assert folder.load() == {}
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_check_counts_by_family_and_names_what_is_not_read(folder):
    for name, content in {
        "a.txt": "x",
        "b.txt": "y",
        "c.pdf": "%PDF-1.7",
        "d.xlsx": b"PK\x03\x04",
        "e.bin": b"\x00",
    }.items():
        folder.put(name, content)
    found = [(finding.level, finding.text, finding.fix) for finding in folder.source.check()]
    assert found == [
        ("ok", "5 documents, 15 bytes", ""),
        ("note", "by kind: 2 text, 1 PDF", ""),
        ("warning", "1 of type binary cannot be read: their rows will have an `error`", "bytes of no kind that is read"),
        ("warning", "1 of type xlsx cannot be read: their rows will have an `error`", "a workbook; read it with `type: files`"),
        (
            "note",
            "a document that changes adds a row to the one it has",
            "with `key: path` and `mode: dedupe` its newest row takes the place of the others",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        ("/etc/*", ConnectorOptionsError, "no pattern for files: a pattern is relative"),
        ("none/*", ConnectorOptionsError, "folder `none` that `none/\\*` starts from does not exist"),
        ("a.pdf", SourceMissingError, "The file `a.pdf` is not there"),
    ],
)
def test_what_cannot_be_found_says_so(folder, files, error, said):
    folder.set(files=files)
    with pytest.raises(error, match=said):
        folder.load()


def test_the_source_is_installed_under_its_name():
    [entry] = importlib.metadata.entry_points(group="lakesmith.sources", name="documents")
    assert entry.load() is DocumentsSource


def test_bronze_holds_nested_columns_and_errors_as_they_are(folder, tmp_path_factory):
    folder.put("a.html", "<html><table><tr><th>n</th></tr><tr><td>1</td></tr></table></html>")
    folder.put("b.pdf", "%PDF-1.7 nothing")
    spec = replace(folder.spec, mode="dedupe", key=("path",))
    context = SourceContext("inbox", DocumentsOptions(root=str(folder.root)), folder.root, (spec,))
    lakes = tmp_path_factory.mktemp("lakes")
    trial = Trial(DocumentsSource, context, lakes)
    trial.load()
    docs = {column.name: column.doc for column in trial.lake().table(trial.spec.id).head().schema}
    personal = {name for name, doc in docs.items() if doc.startswith("Personal data.")}
    assert personal == {"gps_latitude", "gps_longitude"}
    [file] = lakes.rglob("*.parquet")
    found = duckdb.sql(f"select path, tables, attachments, error, _ls_source from '{file}' order by path").fetchall()
    assert found == [
        ("a.html", [{"number": 1, "page": None, "header": ["n"], "cells": [["1"]]}], [], None, "a.html"),
        ("b.pdf", None, None, "malformed: PdfStreamError", "b.pdf"),
    ]


@settings(max_examples=100)
@given(st.binary(max_size=300), st.sampled_from(["", "eml", "html", "md", "pdf"]))
def test_any_bytes_have_a_type(content, declared):
    assert sniff(content, declared) in {*BY_TYPE, "zip", "ole", "gz", "xml", "binary"}


def test_documents_with_wounds_are_rows(real, folder):
    """Every real document, cut and with bytes changed: a row each, and the workers live."""
    data, _ = real
    chance = random.Random(7)
    names = []
    for path in sorted(data.iterdir()):
        content = path.read_bytes()
        for number in range(4):
            wounded = bytearray(content[: chance.randrange(1, len(content))] if number % 2 else content)
            for _ in range(20):
                wounded[chance.randrange(len(wounded))] = chance.randrange(256)
            names.append(f"{number}-{path.name}")
            folder.put(names[-1], bytes(wounded))
    rows = folder.load()
    assert sorted(rows) == sorted(names)
    assert not [
        row["error"] for row in rows.values() if (row["error"] or "").startswith(("crashed", "timed", "not opened"))
    ]
