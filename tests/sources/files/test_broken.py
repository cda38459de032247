"""Files that cannot be read at all: one goes aside with its reason, nothing of it is loaded, and the rest of its stream is."""

import gzip
import os
import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from lakesmith.errors import ConnectorOptionsError, SourceDataError, TooManyRejectsError
from lakesmith.host import Host
from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.run.routes import Rebuild
from lakesmith.sources.files import FilesOptions, FilesSource, FileStreamOptions
from lakesmith.testing.trial import Trial

GOOD = "id,v\n1,a\n2,b\n"
LONG = b"id,v\n" + b"".join(b"%d,%032d\n" % (number, number) for number in range(300_000))
LATE = gzip.compress(LONG, 1)[:-1]
"""All of the content is there, in several chunks, and not all of its checksum."""


class Drops:
    """A folder of what partners send, loaded into a lake of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root / "drops"
        self.root.mkdir()
        self.lakes = root / "lakes"

    def put(self, name: str, content: bytes | str) -> None:
        (self.root / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def trial(self, mode: str = "append", max_rejects: float | None = None, **options: object) -> Trial:
        given = FileStreamOptions(**{"files": "*", "settle_s": 0, **options})
        spec = StreamSpec(StreamId("p", "drops"), mode=mode, options=given, max_rejects=max_rejects, where="l.yml:7")
        return Trial(FilesSource, SourceContext("p", FilesOptions(root=str(self.root)), self.root, (spec,)), self.lakes)

    def load(self, **settings: object):
        return self.trial(**settings).load()

    def held(self) -> tuple[list, list[tuple[str, str, str]]]:
        """The ids with their files, and what waits."""
        records = self.trial().bronze()
        table = self.trial().lake().table(StreamId("p", "drops"))
        rows = sorted((row["_ls_source"], row["id"]) for row in records.rows if row["v"] is not None)
        return rows, [(row.where, row.reason, row.raw) for row in table.quarantined()] if table.head() else []


@pytest.fixture
def drops(tmp_path: Path) -> Drops:
    return Drops(tmp_path)


def zip_with(content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("first.csv", GOOD)
        archive.writestr("second.csv", content)
    return out.getvalue()


BROKEN = {
    "b.xlsx": (b"PK\x03\x04 no workbook", "The file cannot be read as a workbook"),
    "b.json": ('{"items": [{"id": 1}', "None of it was loaded"),
    "b.xml": ("<r><a>1</a>", "b.xml:1"),
    "b.parquet": (b"PAR1 nothing PAR1", "The file cannot be read as"),
    "b.csv.gz": (gzip.compress(GOOD.encode())[:-3], "b.csv.gz, byte"),
    "b.zip": (zip_with(b"id,v\n3,c\n").replace(b"3,c", b"3,d"), "second.csv"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_broken_file_is_one_record_with_its_reason_and_the_others_load(drops: Drops, name: str) -> None:
    content, why = BROKEN[name]
    drops.put("a.csv", GOOD)
    drops.put(name, content)
    drops.put("c.csv", GOOD)
    load = drops.load()
    assert (load.counts.read, load.counts.written, load.counts.quarantined) == (5, 4, 1)
    rows, waiting = drops.held()
    assert rows == [("a.csv", 1), ("a.csv", 2), ("c.csv", 1), ("c.csv", 2)]
    ((where, reason, raw),) = waiting
    assert (where, raw) == (name, "")
    assert why in reason
    (notice,) = load.notices
    assert notice.startswith(f"{name} cannot be read and was put aside: ")
    assert drops.load().state == "nothing_new"
    with pytest.raises(SourceDataError, match=r"."):
        drops.load(on_broken="stop")


@pytest.mark.parametrize("group_bytes", [1, pytest.param(1 << 30, marks=pytest.mark.long)])
def test_nothing_stays_of_a_file_that_breaks_after_many_of_its_rows_were_read(drops: Drops, group_bytes: int) -> None:
    drops.put("a.csv", GOOD)
    drops.put("b.csv.gz", LATE)
    drops.put("c.csv", GOOD)
    drops.put("d.csv.gz", LATE)
    trial = drops.trial()
    source = trial.source()
    late = source.read(trial.spec, source.splits(trial.spec, Ask())[1], Ask())
    assert next(late).rows.num_rows
    with pytest.raises(SourceDataError, match="it ends before its content does"):
        list(late)
    table = trial.lake().table(trial.spec.id)
    load = load_stream(LoadJob(trial.spec, source, table, Host(), group_bytes=group_bytes))
    assert (load.counts.read, load.counts.written, load.counts.quarantined) == (6, 4, 2)
    rows, waiting = drops.held()
    assert rows == [("a.csv", 1), ("a.csv", 2), ("c.csv", 1), ("c.csv", 2)]
    assert sorted(where for where, _, _ in waiting) == ["b.csv.gz", "d.csv.gz"]
    assert len(load.notices) == 2
    drops.put("d.csv.gz", gzip.compress(LONG, 1))
    assert drops.load().counts.written == 300_000


def test_what_was_learned_of_a_broken_file_is_forgotten(drops: Drops) -> None:
    words = LONG + b"x,y\n"
    drops.put("a.csv", GOOD)
    drops.put("b.csv.gz", gzip.compress(words, 1)[:-1])
    drops.load()
    assert drops.held()[0] == [("a.csv", 1), ("a.csv", 2)]


def test_a_file_is_tried_again_once_it_was_mended_or_touched_or_a_setting_was(drops: Drops) -> None:
    drops.put("a.csv", GOOD)
    drops.put("b.csv.gz", BROKEN["b.csv.gz"][0])
    drops.load()
    os.utime(drops.root / "b.csv.gz", ns=(1, 10**18))
    assert drops.load().counts.quarantined == 1
    assert drops.load().state == "nothing_new"
    assert drops.load(delimiter=",").counts.quarantined == 1
    drops.put("b.csv.gz", gzip.compress(GOOD.encode()))
    assert drops.load().counts.written == 2
    assert drops.load(mode="dedupe", delimiter=";").state == "nothing_new"


def test_a_file_that_broke_after_it_was_loaded_keeps_its_rows_until_it_is_whole_again(drops: Drops) -> None:
    settings = {"mode": "dedupe", "files": "*.gz"}
    drops.put("a.csv.gz", gzip.compress(GOOD.encode()))
    drops.load(**settings)
    drops.put("a.csv.gz", gzip.compress(GOOD.encode() * 2)[:-2])
    assert drops.load(**settings).counts.quarantined == 1
    assert drops.held()[0] == [("a.csv.gz", 1), ("a.csv.gz", 2)]
    drops.put("a.csv.gz", gzip.compress(b"id,v\n7,z\n"))
    assert drops.load(**settings).counts.written == 1


def test_the_table_of_a_replace_stream_stays_as_it_was_unless_it_is_told_otherwise(drops: Drops) -> None:
    drops.put("a.csv", GOOD)
    drops.load(mode="replace")
    drops.put("b.json", "[")
    with pytest.raises(SourceDataError, match="None of it was loaded"):
        drops.load(mode="replace")
    load = drops.load(mode="replace", on_broken="skip")
    assert load.counts.quarantined == 1
    assert drops.held()[0] == [("a.csv", 1), ("a.csv", 2)]
    assert drops.load(mode="replace", on_broken="skip").state == "nothing_new"


def test_files_that_nobody_can_name_go_aside_and_are_refused_where_there_are_no_others(drops: Drops) -> None:
    drops.put("LICENSE.md", "as is")
    with pytest.raises(ConnectorOptionsError, match=r"The name of `LICENSE\.md` does not tell its format"):
        drops.load()
    drops.put("a.csv", GOOD)
    load = drops.load()
    assert (load.counts.written, load.counts.quarantined) == (2, 1)
    assert drops.held()[1] == [
        ("LICENSE.md", "the name of the file does not tell its format: set `format:`, or narrow `files:`", "")
    ]
    with pytest.raises(ConnectorOptionsError, match="does not tell its format"):
        drops.load(on_broken="stop")


def test_too_many_broken_files_stop_the_load(drops: Drops) -> None:
    for name in ("b.json", "c.json"):
        drops.put(name, "[")
    drops.put("a.csv", GOOD)
    with pytest.raises(TooManyRejectsError, match=r"2 of 4 records of p\.drops would go to quarantine"):
        drops.load(max_rejects=1)
    assert drops.load(max_rejects=2).counts.quarantined == 2
    assert drops.held()[0] == [("a.csv", 1), ("a.csv", 2)]


def test_a_folder_in_which_nothing_can_be_read(drops: Drops) -> None:
    drops.put("b.json", "[")
    load = drops.load()
    assert (load.counts.written, load.counts.quarantined) == (0, 1)
    drops.put("b.json", '[{"id": 1, "v": "a"}]')
    assert drops.load().counts.written == 1
    assert drops.held()[0] == [("b.json", 1)]


def test_the_record_of_a_whole_file_is_not_replayed(drops: Drops) -> None:
    drops.put("b.json", "[")
    drops.put("a.csv", GOOD)
    drops.load()
    trial = drops.trial()
    records = list(trial.lake().table(trial.spec.id).quarantined())
    (told,) = trial.source().replay(trial.spec, records)
    assert told.kept == (
        (0, "the file as a whole was put aside: it is read again once it has changed, or a setting of its stream has"),
    )


def test_a_broken_file_is_looked_at_again_however_old(drops: Drops) -> None:
    settings = {"files": "{date}.json", "look_back_days": 1}
    drops.put("2026-10-01.json", "[")
    drops.put("2026-10-09.json", '[{"id": 9, "v": "i"}]')
    drops.load(**settings)
    drops.put("2026-10-01.json", '[{"id": 1, "v": "a"}]')
    assert drops.load(**settings).counts.written == 1
    assert drops.held()[0] == [("2026-10-01.json", 1), ("2026-10-09.json", 9)]


@pytest.mark.long
def test_a_rebuild_that_meets_a_file_that_breaks_late(drops: Drops) -> None:
    drops.put("a.csv", GOOD)
    drops.put("b.csv.gz", gzip.compress(LONG, 1))
    drops.load()
    drops.put("b.csv.gz", LATE)
    trial = drops.trial()
    load = load_stream(
        LoadJob(trial.spec, trial.source(), trial.lake().table(trial.spec.id), Host(), rebuild=Rebuild())
    )
    assert (load.counts.read, load.counts.written, load.counts.quarantined) == (3, 2, 1)
    assert drops.held()[0] == [("a.csv", 1), ("a.csv", 2)]


def test_a_file_that_was_cut_and_is_restored_is_not_read_again(drops):
    whole = gzip.compress(GOOD.encode())
    drops.put("a.csv.gz", whole)
    drops.load(on_rewrite="reload")
    drops.put("a.csv.gz", whole[:-3])
    assert drops.load(on_rewrite="reload").counts.quarantined == 1
    drops.put("a.csv.gz", whole)
    assert drops.load(on_rewrite="reload").counts.written == 0
    assert drops.held()[0] == [("a.csv.gz", 1), ("a.csv.gz", 2)]


@pytest.mark.parametrize("policy", ["skip", pytest.param("stop", marks=pytest.mark.long)])
def test_a_file_that_breaks_late_and_may_still_be_written_waits(drops, policy):
    drops.put("a.csv.gz", LATE)
    done = drops.load(settle_s=1000, on_broken=policy)
    assert (done.counts.read, done.counts.quarantined) == (0, 0)
    assert [notice for notice in done.notices if "may still be written" in notice]
    drops.put("a.csv.gz", gzip.compress(LONG, 1))
    assert drops.load(settle_s=1000, on_broken=policy).counts.written == 300_000


def test_rows_of_a_member_that_is_not_in_its_archive_any_more_stay_in_a_rebuild_of_later_days(drops):
    def archive(name, rows):
        out = BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            packed.writestr(name, "id,v\n" + rows)
        return out.getvalue()

    settings = {"files": ["{date}.zip", "{date}.csv"], "on_rewrite": "reload"}
    drops.put("2026-10-01.zip", archive("a.csv", "1,a\n"))
    drops.load(**settings)
    drops.put("2026-10-01.zip", archive("b.csv", "2,b\n"))
    drops.load(**settings)
    drops.put("2026-10-09.csv", "id,v\n9,z\n")
    drops.load(**settings)
    trial = drops.trial(**settings)
    table = trial.lake().table(trial.spec.id)
    load_stream(LoadJob(trial.spec, trial.source(), table, Host(), rebuild=Rebuild(date(2026, 10, 5))))
    assert [number for _, number in drops.held()[0]] == [1, 2, 9]
