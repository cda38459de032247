"""Zip archives: members with formats of their own, chosen by patterns; what is odd about them is said, or refuses the archive."""

import gzip
import io
import json
import stat
import subprocess
import zipfile
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packers import ZIP_METHODS, zipped
from pydantic import ValidationError

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask

ONE, TWO = b"k,v\n1,2\n", b"k;v\n3;4\n"


def test_members_are_files_of_their_own_in_order_of_their_names(delivery) -> None:
    delivery.put(
        "drop.zip",
        zipped({"b/two.csv": TWO, "a.csv": ONE, "b/": b"", ".hidden.csv": b"x,y\n", "c.csv.gz": gzip.compress(ONE)}),
    )
    loaded = delivery.load(delivery.stream("*.zip"))
    assert loaded.rows == [("1", "2"), ("3", "4"), ("1", "2")]
    assert loaded.origins == ["drop.zip/a.csv", "drop.zip/b/two.csv", "drop.zip/c.csv.gz"]
    assert json.loads(loaded.position).keys() == {"drop.zip"}
    assert delivery.load(delivery.stream("*.zip"), loaded.position).positions == []


def test_members_are_chosen_by_patterns_in_their_order(delivery) -> None:
    delivery.put("drop.zip", zipped({"x/one.csv": ONE, "x/two.csv": TWO, "readme.txt": b"hello\n"}))
    loaded = delivery.load(delivery.stream("drop.zip", members=["**/two*", "x/*.csv"]))
    assert loaded.origins == ["drop.zip/x/two.csv", "drop.zip/x/one.csv"]
    with pytest.raises(
        SourceDataError, match=r"None of the 3 members.*`members:`.*\n  where: drop\.zip\n.*readme\.txt"
    ):
        delivery.load(delivery.stream("drop.zip", members="*.csv"))


def test_a_member_nobody_can_read_is_told_and_the_others_load(delivery) -> None:
    delivery.put("drop.zip", zipped({"one.csv": ONE, "note.yaml": b"a: 1\n"}))
    loaded = delivery.load(delivery.stream("drop.zip"))
    assert loaded.rows == [("1", "2")]
    assert [(reject.where, "does not tell its format" in reject.reason) for reject in loaded.rejects] == [
        ("drop.zip/note.yaml:1", True)
    ]
    findings = list(delivery.source(delivery.stream("drop.zip")).check())
    assert any("2 of 2 members" in finding.text for finding in findings)
    assert any(finding.text.startswith("drop.zip/one.csv: csv, packed with zip, delimiter") for finding in findings)
    assert [finding.text for finding in findings if finding.level == "warning"] == [
        "drop.zip: members whose name tells no format go to quarantine: note.yaml"
    ]


def test_the_name_of_the_archive_tells_the_format_where_that_of_the_member_does_not(delivery) -> None:
    delivery.put("drop.csv.zip", zipped({"export": ONE}))
    delivery.put("other.zip", zipped({"export": ONE}))
    assert delivery.load(delivery.stream("drop.csv.zip")).rows == [("1", "2")]
    assert delivery.load(delivery.stream("other.zip", format="csv")).rows == [("1", "2")]


@pytest.mark.few(2)
@pytest.mark.parametrize("method", ZIP_METHODS)
def test_formats_that_seek_get_a_copy_they_can_seek_in(delivery, method: str) -> None:
    table = pa.table({"k": list(range(50_000)), "v": [f"value {number}" for number in range(50_000)]})
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=1_000)
    delivery.put("drop.zip", zipped({"t.parquet": file.getvalue()}, ZIP_METHODS[method]))
    loaded = delivery.load(delivery.stream("drop.zip"))
    assert loaded.rows == list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    assert set(loaded.origins) == {"drop.zip/t.parquet"}


def test_archives_lie_in_each_other_but_not_deeper(delivery) -> None:
    inner = zipped({"one.csv": ONE})
    delivery.put("a.zip", zipped({"inner.zip": inner, "two.csv": TWO}))
    assert delivery.load(delivery.stream("a.zip")).origins == ["a.zip/inner.zip/one.csv", "a.zip/two.csv"]
    delivery.put("b.zip", zipped({"middle.zip": zipped({"inner.zip": inner})}))
    with pytest.raises(SourceDataError, match=r"more than 2 times.*\n  where: b\.zip/middle\.zip/inner\.zip"):
        delivery.load(delivery.stream("b.zip"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../a.csv", "leaves its folder"),
        ("x/../../a.csv", "leaves its folder"),
        ("..\\a.csv", "leaves its folder"),
        ("/etc/a.csv", "from the root"),
        ("\\\\server\\a.csv", "from the root"),
        ("C:\\a.csv", "from the root"),
        ("C:a.csv", "from the root"),
        ("a\nb.csv", "control character"),
        ("x//a.csv", "no name"),
        ("./a.csv", "no name"),
        ("n" * 2000 + ".csv", "too long"),
    ],
)
def test_names_that_mean_another_place_are_refused(delivery, name: str, why: str) -> None:
    delivery.put("drop.zip", zipped({"good.csv": ONE, name: ONE}))
    with pytest.raises(SourceDataError, match=f"{why}.*Nothing of it was loaded"):
        delivery.load(delivery.stream("drop.zip"))


def test_a_name_with_nul_is_refused_and_a_windows_path_is_read(delivery) -> None:
    delivery.put("nul.zip", zipped({"aXb.csv": ONE}).replace(b"aXb", b"a\0b"))
    with pytest.raises(SourceDataError, match="control character"):
        delivery.load(delivery.stream("nul.zip"))
    delivery.put("win.zip", zipped({"x_one.csv": ONE}).replace(b"x_one", b"x\\one"))
    assert delivery.load(delivery.stream("win.zip")).origins == ["win.zip/x/one.csv"]


def test_two_members_of_one_name_are_refused(delivery) -> None:
    delivery.put("drop.zip", zipped({"a.csv": ONE, "b.csv": TWO}).replace(b"b.csv", b"a.csv"))
    with pytest.raises(SourceDataError, match="two members of the same name"):
        delivery.load(delivery.stream("drop.zip"))


def test_a_link_is_told_and_not_followed(delivery) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("last.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("one.csv", ONE)
    delivery.put("drop.zip", file.getvalue())
    loaded = delivery.load(delivery.stream("drop.zip"))
    assert loaded.rows == [("1", "2")]
    assert [(reject.where, "symbolic link" in reject.reason, reject.raw) for reject in loaded.rejects] == [
        ("drop.zip/last.csv:1", True, "")
    ]


def test_an_encrypted_member_is_refused_and_can_be_left_out(delivery) -> None:
    delivery.put("secret.csv", ONE)
    delivery.put("plain.csv", TWO)
    for command in (["zip", "-q", "-P", "pw", "drop.zip", "secret.csv"], ["zip", "-q", "drop.zip", "plain.csv"]):
        subprocess.run(command, cwd=delivery.root, check=True)
    with pytest.raises(SourceDataError, match=r"encrypted.*\n  where: drop\.zip/secret\.csv"):
        delivery.load(delivery.stream("drop.zip"))
    assert delivery.load(delivery.stream("drop.zip", members="plain.csv")).rows == [("3", "4")]


def test_a_method_nobody_knows_is_named(delivery) -> None:
    content = zipped({"a.csv": ONE})
    central = content.index(b"PK\x01\x02")
    delivery.put("drop.zip", content[: central + 10] + b"\x09" + content[central + 11 :])
    with pytest.raises(SourceDataError, match=r"deflate64, which cannot.*\n  where: drop\.zip/a\.csv"):
        delivery.load(delivery.stream("drop.zip"))


@pytest.mark.parametrize("name", ["[Content_Types].xml", "mimetype"])
def test_an_office_document_is_no_archive(delivery, name: str) -> None:
    delivery.put("book.csv", zipped({name: b"x", "a.csv": ONE}))
    with pytest.raises(SourceDataError, match="office document by its content"):
        delivery.load(delivery.stream("book.csv"))


def test_an_archive_without_members_is_an_empty_file(delivery) -> None:
    delivery.put("drop.zip", zipped({}))
    loaded = delivery.load(delivery.stream("drop.zip"))
    assert (loaded.rows, loaded.rejects) == ([], [])
    assert delivery.load(delivery.stream("drop.zip"), loaded.position).positions == []


@pytest.mark.parametrize(
    "method",
    [next(iter(ZIP_METHODS)), *(pytest.param(name, marks=pytest.mark.long) for name in list(ZIP_METHODS)[1:])],
)
def test_an_archive_cut_off_or_damaged_is_refused_as_a_whole(delivery, method: str) -> None:
    content = zipped({"a.csv": ONE * 5, "b.csv": TWO * 5}, ZIP_METHODS[method])
    for size in range(1, len(content)):
        delivery.put("drop.zip", content[:size])
        with pytest.raises(SourceDataError, match=r"broken|not packed with zip"):
            delivery.load(delivery.stream("drop.zip"))
    stream = delivery.stream("drop.zip", format="csv")
    delivery.put("drop.zip", content)
    whole = sorted(delivery.load(stream).rows)
    refused = 0
    for place in range(len(content)):
        delivery.put("drop.zip", content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            loaded = delivery.load(stream)
            assert (
                loaded.rejects or sorted(loaded.rows) == whole
            )  # a member may have become a link, or have another name
        except SourceDataError:
            refused += 1
    assert refused > len(content) // 3  # times, versions and names of the archive say nothing about its content


def test_an_archive_that_knows_its_length_only_at_its_end_is_read(delivery) -> None:
    made = subprocess.run(["zip", "-q", "-", "-"], input=ONE, capture_output=True, check=True).stdout
    delivery.put("drop.csv.zip", made)
    assert delivery.load(delivery.stream("drop.csv.zip")).rows == [("1", "2")]


def test_rows_of_members_stay_when_a_rebuild_leaves_their_archive_alone(delivery) -> None:
    delivery.put("drop-2026-01-01.zip", zipped({"one.csv": ONE}))
    delivery.put("drop-2026-01-02.zip", zipped({"two.csv": TWO}))
    stream = delivery.stream("drop-{date}.zip")
    loaded = delivery.load(stream)
    kept = delivery.source(stream).keep_before(stream, loaded.position, date(2026, 1, 2))
    assert {"drop-2026-01-01.zip/one.csv"} <= kept.origins
    assert not any("01-02" in origin for origin in kept.origins)
    assert [split.name for split in delivery.source(stream).splits(stream, Ask(since=kept.position))] == [
        "drop-2026-01-02.zip"
    ]


def test_real_archives_hold_what_zipfile_says(delivery, test_data) -> None:
    for name in ("chunk1.csv.zip", "chunk2.csv.zip", "doublequote.csv.zip", "innerpath.package.zip"):
        path = test_data / "files" / name
        delivery.put(f"packed/{name}", path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            members = sorted(member for member in archive.namelist() if member.endswith(".csv"))
            rows = []
            for number, member in enumerate(members):
                delivery.put(f"{name}-{number}.csv", archive.read(member))
                rows += delivery.load(delivery.stream(f"{name}-{number}.csv")).rows
        loaded = delivery.load(delivery.stream(f"packed/{name}"))
        assert loaded.rows == rows
        assert list(dict.fromkeys(origin for origin in loaded.origins if origin.endswith(".csv"))) == [
            f"packed/{name}/{member}" for member in members
        ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"members": "../a.csv"}, "without empty parts"),
        ({"members": ["/a"]}, "relative"),
        ({"max_unpacked_gb": 0}, "greater than 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(delivery, options: dict, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        delivery.stream("*.zip", **options)
