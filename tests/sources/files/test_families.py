"""Everything in the folders of real data goes through: in full, in part with the rest in quarantine, or refused with a reason."""

import os
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from families import COMPARED, Share, context_of, drawn, is_read_by_others, outcome_of, plain
from nested_oracle import leaves
from tests.sources.documents.conftest import Folder

from lakesmith.sources.files import FilesSource
from lakesmith.testing.trial import Trial

DATA = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
FAMILIES = ("files", "weblogs", "documents", "json", "marketing")
PATHS = sorted(path for family in FAMILIES for path in (DATA / family).rglob("*") if path.is_file())
NO_FORMAT = "does not tell its format"
READ = 100
"""How many files are read in the fast suite: others every day."""
SAMPLE = 16
"""How many go into a lake and back there."""

FLOORS = {
    "documents.docx": (2, 0, 0, 2, 0, 2),
    "documents.eml": (1, 0, 0, 1, 0, 1),
    "documents.html": (1, 0, 0, 1, 0, 1),
    "documents.md": (1, 0, 0, 1, 0, 1),
    "documents.msg": (1, 0, 0, 1, 0, 1),
    "documents.pdf": (2, 0, 0, 2, 0, 2),
    "documents.pptx": (1, 0, 0, 1, 0, 1),
    "documents.txt": (1, 0, 1, 0, 4, 5),
    "documents.xlsx": (1, 1, 0, 0, 0, 0),
    "documents.xml": (1, 1, 0, 0, 4, 4),
    "files.csv": (67, 59, 8, 0, 30786, 30802),
    "files.json": (33, 32, 1, 0, 117, 118),
    "files.md": (1, 0, 0, 1, 0, 1),
    "files.txt": (2, 2, 0, 0, 882, 882),
    "files.xls": (3, 3, 0, 0, 2, 2),
    "files.xlsx": (9, 9, 0, 0, 131, 131),
    "files.zip": (4, 3, 1, 0, 324, 325),
    "json.json": (2, 2, 0, 0, 200, 200),
    "json.txt": (1, 0, 1, 0, 162, 168),
    "marketing.csv": (220, 220, 0, 0, 9802, 9802),
    "marketing.json": (100, 100, 0, 0, 196, 196),
    "marketing/LICENSE": (3, 0, 0, 3, 0, 3),
    "weblogs.log": (1, 1, 0, 0, 500, 500),
    "weblogs/LICENSE": (1, 0, 0, 1, 0, 1),
}
"""Files; those in full, in part, refused; records loaded, and all. No share may fall; one that rises is to be written here."""

pytestmark = [
    pytest.mark.skipif(not PATHS, reason="no test data"),
    pytest.mark.filterwarnings("ignore:Unknown extension", "ignore:Workbook contains no default style"),
    pytest.mark.filterwarnings("ignore:Iceberg scan planning with"),
]


def of_today(count: int) -> list[Path]:
    """Return about so many of the files, spread over all folders: others every day."""
    step = len(PATHS) // count + 1
    return PATHS[datetime.now(UTC).toordinal() % step :: step]


@pytest.fixture(scope="module")
def outcomes():
    return [outcome_of(path) for path in PATHS]


@pytest.fixture(scope="module", params=["today", pytest.param("all", marks=pytest.mark.long)])
def read(request):
    return (
        [outcome_of(path) for path in of_today(READ)]
        if request.param == "today"
        else request.getfixturevalue("outcomes")
    )


@pytest.mark.long
def test_contents_are_those_that_other_readers_find(outcomes):
    """What is not refused has the cells that csv, openpyxl, json, zipfile or a regular expression find, and no others."""
    for made in outcomes:
        if not made.refusal:
            try:
                assert made.records == COMPARED[made.path.suffix](made)
            except AssertionError as error:
                error.add_note(str(made.path))
                raise


def test_what_other_readers_read_cleanly_is_loaded_in_full(read):
    worse = [made.path for made in read if is_read_by_others(made.path) and made.kind != "full"]
    assert worse == []


def test_whatever_is_refused_says_why_and_what_to_do(read):
    refused = [made for made in read if made.kind == "refused"]
    assert all(made.where and made.fix for made in refused)
    nameless = [made for made in refused if NO_FORMAT in made.refusal]
    assert all(made.path.suffix not in COMPARED for made in nameless)
    assert all(made.path.suffix in COMPARED for made in refused if made not in nameless)
    assert all(made.kind == "refused" for made in read if made.path.suffix not in COMPARED)


@pytest.mark.long
def test_no_share_falls(outcomes):
    shares = defaultdict(Share)
    for made in outcomes:
        shares[f"{made.path.relative_to(DATA).parts[0]}{made.path.suffix or '/' + made.path.name}"].add(made)
    sys.stdout.write(drawn(shares))
    assert {name: share.figures for name, share in shares.items()} == FLOORS


def test_what_is_no_table_is_read_as_a_document():
    """Each file of the family of documents is read by one source or the other, those of prose by both."""
    rows = Folder(DATA / "documents").load()
    ours = {path.name: outcome_of(path) for path in PATHS if path.parent == DATA / "documents"}
    assert rows.keys() == ours.keys()
    read = {name for name, row in rows.items() if row["error"] is None}
    tables = {name for name, made in ours.items() if made.kind != "refused"}
    sys.stdout.write(f"documents: {len(read)} of {len(rows)} read as documents, {len(tables)} as tables\n")
    assert read | tables == rows.keys()
    assert read & tables == {"fake-text.txt"}
    assert {name for name in read if not rows[name]["text"].strip()} == {"single_table.pdf"}  # a picture of a page


def cells(row) -> frozenset:
    """A row as its single values, so that rows can be told apart."""
    return frozenset(leaves(plain(row)).items())


def into_a_lake(path: Path, lakes: Path) -> None:
    """Load one file; what bronze holds is what the source sent, and nothing comes twice."""
    made = outcome_of(path)
    trial = Trial(FilesSource, context_of(path), lakes)
    if made.refusal and NO_FORMAT in made.refusal:
        return
    load = trial.load()
    held = trial.bronze()
    assert load.counts.read == made.records
    assert load.counts.written + load.counts.quarantined == load.counts.read
    assert sorted(held.rejects) == sorted([path.name] if made.refusal else [reject.where for reject in made.rejects])
    kept = [{name: item for name, item in row.items() if not name.startswith("_ls_")} for row in held.rows]
    assert Counter(map(cells, kept)) == Counter(map(cells, made.shaped))
    assert trial.load().state == "nothing_new"


@pytest.mark.long
def test_a_sample_into_a_lake_and_back(tmp_path):
    for number, path in enumerate(of_today(SAMPLE)):
        into_a_lake(path, tmp_path / str(number))


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS, ids=[str(path.relative_to(DATA)) for path in PATHS])
def test_every_file_into_a_lake_and_back(tmp_path, path):
    into_a_lake(path, tmp_path)
