"""The source as the hallway sees it: options, check, the cost of planning."""

import subprocess
import sys
import time

import pytest
from pydantic import ValidationError

from lakesmith.model.protocols import Source
from lakesmith.model.streams import Ask
from lakesmith.sources import files
from lakesmith.sources.files import FileStreamOptions
from lakesmith.sources.files.deliveries.ledger import decode


def test_surface(delivery) -> None:
    assert files.__all__ == ["FileStreamOptions", "FilesOptions", "FilesSource"]
    assert isinstance(delivery.source(), Source)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"format": "xyz"}, "unknown format; known are csv"),
        ({"delimiter": "ab"}, "one ASCII character"),
        ({"delimiter": '"'}, "must differ"),
        ({"quote": "x"}, "one ASCII character"),
        ({"encoding": "utf-7"}, "not an encoding that can be read"),
        ({"encoding": "nonsense"}, "not an encoding that can be read"),
        ({"mode": "append"}, "Extra inputs"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        FileStreamOptions(files="*.csv", **options)


def test_every_option_is_described() -> None:
    for model in (files.FilesOptions, FileStreamOptions):
        assert all(setting.get("description") for setting in model.model_json_schema()["properties"].values())


def test_check_says_what_there_is(delivery) -> None:
    delivery.put("in/a.csv", "id;name\n1;2\n")
    delivery.put("in/b.csv", "id;name\n")
    delivery.put("bad/a.csv", b"id,name\n1,\xff\n")
    streams = [delivery.stream(pattern) for pattern in ("in/*.csv", "bad/*.csv", "in/*.tsv", "no/*.csv", "in/c.csv")]
    findings = list(delivery.source(*streams).check())
    assert [(finding.level, finding.text) for finding in findings] == [
        ("ok", "2 files, 20 bytes"),
        ("note", "in/a.csv: csv, delimiter (found out) semicolon, encoding utf-8, columns id, name"),
        ("ok", "1 file, 12 bytes"),
        ("note", "bad/a.csv: csv, delimiter (found out) comma, encoding utf-8, columns id, name"),
        ("warning", "bad/a.csv: not all of it is utf-8: such records would go to quarantine"),
        ("warning", "no file matches in/*.tsv"),
        ("error", "The folder `no` that `no/*.csv` starts from does not exist."),
        ("error", "The file `in/c.csv` is not there."),
    ]


def test_check_doubts_a_log_that_is_none(delivery) -> None:
    delivery.put("a.log", "not a log\n")
    findings = list(delivery.source(delivery.stream("*.log")).check())
    assert findings[-1].text == "a.log: no log format fits any of the first 1 lines"


def test_planning_100_files_is_quick_and_imports_nothing_heavy(delivery) -> None:
    for number in range(100):
        delivery.put(f"raw/2026-{number // 28 + 1:02}-{number % 28 + 1:02}/x.csv", "a,b\n1,2\n")
    stream = delivery.stream("raw/{date}/x.csv")
    loaded = delivery.load(stream)
    source = delivery.source(stream)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        assert source.splits(stream, Ask(since=loaded.position)) == []
        times.append(time.perf_counter() - began)
    assert min(times) < 0.02
    code = "import sys, lakesmith.sources.files; print(sorted({'pyarrow', 'polars', 'duckdb', 'numpy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_position_of_somebody_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not a position of a source of files"):
        decode(b'{"lsn": 5}')
