"""Every real file as a stream of its own, with default options: what became of it, and what an independent reader says it holds."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "tools")]

from nested_oracle import leaves, spelled
from nested_oracle import same as same_nested
from test_combined import ORACLE as COMBINED
from test_real_files import is_row, records_of
from workbooks import oracle as sheet_rows
from workbooks import same as same_cell

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import TEXT_KEY, Ask, Chunk, Reject, SourceContext, StreamId, StreamSpec
from lakesmith.shape import Policy, Shaper, TextProfile
from lakesmith.sources.files import FilesOptions, FilesSource, FileStreamOptions

OUTCOMES = ("full", "partial", "refused")


@dataclass(slots=True)
class Outcome:
    """What became of one file: `rows` as the source sent them, `shaped` as bronze has them."""

    path: Path
    rows: list[dict[str, Any]] = field(default_factory=list)
    shaped: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    refusal: str = ""
    where: str = ""
    fix: str = ""

    @property
    def kind(self) -> str:
        """One of `OUTCOMES`."""
        if self.refusal:
            return "refused"
        return "partial" if self.rejects else "full"

    @property
    def records(self) -> int:
        """How many records were read; a refused file is one."""
        return 1 if self.refusal else len(self.rows) + len(self.rejects)


def plain(value: object) -> object:
    """Return a value with days, times and bytes as text."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (str, int, float, Decimal)) else str(value)


def context_of(path: Path, **options: object) -> SourceContext:
    """A source with one stream, which is one file."""
    given = FileStreamOptions(files=path.name, **options)
    spec = StreamSpec(StreamId("drops", "rows"), options=given, where="lakesmith.yml:7")
    return SourceContext("drops", FilesOptions(root=str(path.parent)), path.parent, (spec,))


def outcome_of(path: Path) -> Outcome:
    """Read a file, and shape what was read, as a load does; the row law is checked for every chunk."""
    made = Outcome(path)
    context = context_of(path, on_broken="stop")
    try:
        chunks = _chunks(context)
    except (SourceDataError, ConnectorOptionsError) as error:
        made.refusal, made.where, made.fix = error.what, error.where, error.fix
        return made
    profile = TextProfile()
    for chunk in chunks:
        assert chunk.counted in (None, chunk.rows.num_rows + len(chunk.rejects))
        profile.observe(chunk.rows)
    shaper = Shaper(None, Policy.of(context.streams[0]), profile.forms())
    for chunk in chunks:
        shaped = shaper.shape(chunk.rows, str)
        made.rows += chunk.rows.to_pylist()
        made.shaped += shaped.rows.to_pylist()
        made.rejects += [*chunk.rejects, *shaped.rejects]
        made.notices += chunk.notices
        made.texts |= {one.name for one in chunk.rows.schema if TEXT_KEY in (one.metadata or {})}
    assert len(made.shaped) == len(made.rows)
    assert all(reject.reason and reject.where.startswith(path.name) for reject in made.rejects)
    return made


def _chunks(context: SourceContext) -> list[Chunk]:
    source, spec = FilesSource(context), context.streams[0]
    return [chunk for split in source.splits(spec, Ask()) for chunk in source.read(spec, split, Ask())]


# What other readers say. Each raises AssertionError where we have other contents, and returns how many records it sees.


def compare_text(made: Outcome) -> int:
    """Python's csv; of prose, which is no table by anybody's rules, only that every line is a row or waits."""
    if made.path.stem == "LICENSE":
        lines = [line for line in made.path.read_text().splitlines() if line.strip()]
        return len(lines) - 1
    names, *records = records_of(made.path.read_bytes()) or [[]]
    expected = [record for record in records if is_row(record, len(names))]
    assert [["" if cell is None else cell for cell in row.values()] for row in made.rows] == expected
    assert len(made.rejects) == len(records) - len(expected)
    return len(records)


def compare_workbook(made: Outcome) -> int:
    """openpyxl; of the older format, what it reads in the same workbook saved as xlsx, where there is one."""
    path = made.path.with_suffix(".xlsx")
    if not path.exists():
        return made.records
    expected = sheet_rows(path)
    assert len(made.rows) == len(expected)
    for ours, theirs in zip(made.rows, expected, strict=True):
        cells = [(name, cell, theirs[at]) for at, (name, cell) in enumerate(ours.items())]
        assert all(same_cell(cell, other, mixed=name in made.texts) for name, cell, other in cells)
        assert all(cell in (None, "") for cell in theirs[len(cells) :])
    return len(expected)


def compare_json(made: Outcome) -> int:
    """Python's json: our rows are one of the lists of the document, or the document; what stands beside them is told."""
    try:
        document = json.loads(made.path.read_text("utf-8"))
    except ValueError:
        assert made.rows == []
        return made.records
    candidates = [document] if isinstance(document, list) else [[document], *_lists(document)]
    sent = [
        [item for item in items if isinstance(item, dict)] or [{"value": item} for item in items]
        for items in candidates
    ]
    found = next((at for at, items in enumerate(sent) if len(items) == len(made.rows) and _all_same(made, items)), None)
    assert found is not None, "the rows are none of the lists of the document"
    left_out = sum(leaves(document).values()) - sum(leaves(candidates[found]).values())
    assert bool(made.notices) == (left_out > 0), "what is not loaded is told"
    assert len(made.rejects) == len(candidates[found]) - len(sent[found])
    assert sum(map(leaves, made.shaped), Counter()) == sum(map(leaves, sent[found]), Counter())
    return len(candidates[found])


def _all_same(made: Outcome, items: list[dict[str, Any]]) -> bool:
    return all(same_nested(ours, theirs) for ours, theirs in zip(made.rows, items, strict=True))


def _lists(value: object) -> Iterable[list[Any]]:
    for item in value.values() if isinstance(value, dict) else ():
        if isinstance(item, list):
            yield item
        yield from _lists(item)


def compare_log(made: Outcome) -> int:
    """A regular expression."""
    lines = made.path.read_text().splitlines()
    found = [match.groups() for line in lines if (match := COMBINED.fullmatch(line))]
    assert len(found) == len(made.rows)
    for row, groups in zip(made.rows, found, strict=True):
        assert (row["client_ip"], row["path"], row["status"]) == (groups[0], groups[5], int(groups[8]))
    return len(lines)


def compare_xml(made: Outcome) -> int:
    """Python's own reader: the rows hold every text of the document."""
    texts = [text.strip() for text in ET.parse(made.path).getroot().itertext()]
    expected = Counter(spelled(text) for text in texts if text)
    assert sum(map(leaves, made.rows), Counter()) == expected
    return len(made.rows)


def compare_archive(made: Outcome) -> int:
    """Python's zipfile, and csv for what is text with a table in it; the rows of all members come one after the other."""
    rest, seen = list(made.rows), 0
    with zipfile.ZipFile(made.path) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".csv"):
                continue
            names, *records = records_of(archive.read(name)) or [[]]
            expected = [record for record in records if is_row(record, len(names))]
            held = [[row[own] or "" for own in names] for row in rest if set(names) <= row.keys()]
            assert [record for record in expected if record not in held] == []
            seen += len(records)
    assert seen <= made.records
    return made.records


COMPARED: dict[str, Callable[[Outcome], int]] = {
    ".csv": compare_text,
    ".txt": compare_text,
    ".xlsx": compare_workbook,
    ".xls": compare_workbook,
    ".json": compare_json,
    ".log": compare_log,
    ".xml": compare_xml,
    ".zip": compare_archive,
}


def is_read_by_others(path: Path) -> bool:
    """Whether Python's own reader of a format has nothing against a file, so that we may have nothing either."""
    if path.suffix == ".json":
        try:
            document = json.loads(path.read_text("utf-8"))
        except ValueError:
            return False
        items = document if isinstance(document, list) else [document]
        return len({isinstance(item, dict) for item in items}) <= 1
    if path.suffix in (".csv", ".txt"):
        names, *records = records_of(path.read_bytes()) or [[]]
        return all(is_row(record, len(names)) for record in records)
    return path.suffix in COMPARED and path.suffix != ".zip"


@dataclass(slots=True)
class Share:
    """What became of one family of files."""

    files: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    loaded: int = 0
    records: int = 0

    def add(self, made: Outcome) -> None:
        """Count one file."""
        self.files += 1
        self.kinds[made.kind] += 1
        self.loaded += len(made.rows)
        self.records += made.records

    @property
    def figures(self) -> tuple[int, ...]:
        """Files; those in full, in part, refused; records loaded, and all."""
        return (self.files, *(self.kinds[kind] for kind in OUTCOMES), self.loaded, self.records)


def drawn(shares: dict[str, Share]) -> str:
    """The table that is printed."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(["family", "files", *OUTCOMES, "loaded", "records", "share"])
    for name, share in sorted(shares.items()):
        writer.writerow([name, *share.figures, f"{share.loaded / share.records if share.records else 1:.2%}"])
    return out.getvalue().expandtabs(12)
