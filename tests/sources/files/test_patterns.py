"""Which files a stream is made of, and in which order."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.errors import ConnectorOptionsError, SourceMissingError
from lakesmith.model.streams import Ask
from lakesmith.sources.files.deliveries.patterns import match_name, parse_pattern
from lakesmith.sources.files.places.local import LocalPlace


def names(delivery, *patterns: str) -> list[str]:
    stream = delivery.stream(list(patterns))
    return [split.name for split in delivery.source(stream).splits(stream, Ask())]


def fill(delivery, *paths: str) -> None:
    for path in paths:
        delivery.put(path, "a,b\n1,2\n")


def test_reads_by_day_then_by_pattern_then_by_name(delivery) -> None:
    fill(delivery, "raw/2026-10-02/c.csv", "raw/2026-10-01/c.csv", "raw/2026-10-01/b.csv", "init/z.csv", "more/a.csv")
    found = names(delivery, "init/*.csv", "raw/{date}/c.csv", "raw/{date}/b.csv", "more/a.csv")
    assert found == ["init/z.csv", "more/a.csv", "raw/2026-10-01/c.csv", "raw/2026-10-01/b.csv", "raw/2026-10-02/c.csv"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.csv", ["a.csv", "b[1].csv"]),
        ("?.csv", ["a.csv"]),
        ("b[1].csv", ["b[1].csv"]),
        ("**/*.csv", ["a.csv", "b[1].csv", "x/a.csv", "x/y/a.csv"]),
        ("x/**/a.csv", ["x/a.csv", "x/y/a.csv"]),
        ("*/a.csv", ["x/a.csv"]),
        (".hidden/*.csv", [".hidden/a.csv"]),
        (".*.csv", [".tmp.csv"]),
    ],
)
def test_wildcards(delivery, pattern: str, found: list[str]) -> None:
    fill(delivery, "a.csv", "b[1].csv", "x/a.csv", "x/y/a.csv", ".tmp.csv", ".hidden/a.csv")
    assert names(delivery, pattern) == found


def test_a_day_exists_and_is_the_same_wherever_it_is_written(delivery) -> None:
    fill(
        delivery,
        "2026-02-30/a-2026-02-30.csv",
        "2026-02-03/a-2026-02-03.csv",
        "2026-02-03/a-2026-02-04.csv",
        "20260203/a-x.csv",
    )
    assert names(delivery, "{date}/a-{date}.csv") == ["2026-02-03/a-2026-02-03.csv"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("{date:%Y%m%d}.csv", "20260203.csv"),
        ("{date:%Y/%m/%d}/a.csv", "2026/02/03/a.csv"),
        ("{date:%d.%m.%y}/a.csv", "03.02.26/a.csv"),
        ("{date:%Y/%m}/a_{date:%Y-%m-%d}.csv", None),
        ("y={date:%Y/m=%m/d=%d}/*.csv", "y=2026/m=02/d=03/a.csv"),
        ("**/{date:%Y%m%d}_{date}.csv", "x/20260203_2026-02-03.csv"),
        ("{date:%y%m%d}-{date}.csv", "260203-2026-02-03.csv"),
    ],
)
def test_days_are_spelled_in_many_ways(delivery, pattern: str, found: str | None) -> None:
    if found is None:
        with pytest.raises(ConnectorOptionsError, match="does not spell a day"):
            names(delivery, pattern)
        return
    wrong = found.replace("03", "31")  # there is no 31st of February
    other = ["x/20260203_2026-02-04.csv", "250203-2026-02-03.csv", "2026/02/x/a.csv", "2026.csv"]
    fill(delivery, found, wrong, *other)
    source = delivery.source(delivery.stream(pattern))
    assert [(file.name, file.day) for file in source.find(delivery.stream(pattern))] == [(found, date(2026, 2, 3))]
    assert match_name(parse_pattern(pattern), found) == (True, date(2026, 2, 3))
    assert not any(match_name(parse_pattern(pattern), name)[0] for name in (wrong, *other))


@given(
    st.lists(st.sampled_from(["*", "**", "?", "a*", ".h", "{date}", "a"]), min_size=1, max_size=4),
    st.lists(st.lists(st.sampled_from(["a", "ab", ".h", "2026-10-01"]), min_size=1, max_size=4), max_size=8),
)
@settings(deadline=None, max_examples=60)
def test_a_name_matches_wherever_the_walk_finds_it(parts, paths) -> None:
    pattern = parse_pattern("/".join([*parts, "*.csv"]))
    with TemporaryDirectory() as folder:
        files = {"/".join([*path, "x.csv"]) for path in paths}
        for name in files:
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_text("")
        if not (Path(folder) / pattern.folder).is_dir():
            return
        walked = {file.name: file.day for file in LocalPlace(Path(folder)).find([pattern])}
    assert walked == {name: match_name(pattern, name)[1] for name in files if match_name(pattern, name)[0]}


def test_a_file_that_two_patterns_match_is_read_once(delivery) -> None:
    fill(delivery, "a.csv", "b.csv")
    assert names(delivery, "b.csv", "*.csv") == ["b.csv", "a.csv"]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("/etc/*.csv", "relative to `root`"),
        ("../*.csv", "without empty parts"),
        ("a//b.csv", "without empty parts"),
        ("**", "add the names of the files"),
        ("a**.csv", "stands alone"),
        ("{day}/a.csv", "`{day}` is no wildcard"),
        ("{date/a.csv", "is no wildcard"),
        ("{date:%Y%m}.csv", "does not spell a day"),
        ("{date:%Y%m%d%H}.csv", "does not spell a day"),
        ("{date:%Y%m%d*}.csv", "does not spell a day"),
        ("{date:%Y/%m/%d.csv", "is no wildcard"),
        ("missing/*.csv", "folder `missing` that `missing/\\*.csv` starts from does not exist"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused_with_its_place(delivery, pattern: str, why: str) -> None:
    with pytest.raises(ConnectorOptionsError, match=rf"{why}(.|\n)*where: lakesmith\.yml:7"):
        names(delivery, pattern)


def test_a_named_file_that_never_came_is_missing_and_a_pattern_without_files_is_not(delivery) -> None:
    assert names(delivery, "*.csv") == []
    with pytest.raises(SourceMissingError, match=r"`a\.csv` is not there.*\n.*lakesmith\.yml:7"):
        names(delivery, "a.csv")


def test_a_suffix_that_says_nothing_needs_a_format(delivery) -> None:
    fill(delivery, "a.dat")
    with pytest.raises(ConnectorOptionsError, match=r"`a\.dat` does not tell its format(.|\n)*set `format:`"):
        names(delivery, "*")
    stream = delivery.stream("*", format="csv")
    assert delivery.load(stream).rows == [("1", "2")]
