"""A folder of this machine that others write to: links and locked doors in it."""

import os
import subprocess

import pytest

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask

OUT = "a link that leads out of the folder"
ROUND = "a link that leads round in a circle"


@pytest.fixture
def drop(delivery, tmp_path):
    """A delivery in a folder beside one with secrets."""
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/a.csv").write_text("k\nhidden\n")
    delivery.root = tmp_path / "in"
    return delivery


def told(loaded):
    return [(reject.where, reject.reason) for reject in loaded.rejects]


@pytest.mark.parametrize(
    ("link", "target", "files", "why"),
    [
        ("b.csv", "b.csv", "*.csv", ROUND),
        ("b.csv", "../secret/a.csv", "*.csv", OUT),
        ("b.csv", "/etc/passwd", "*.csv", OUT),
        ("b.csv", "/etc/passwd", "b.csv", OUT),
        ("day", "day", ["*/*.csv", "*.csv"], ROUND),
        ("day", "../secret", ["*/*.csv", "*.csv"], OUT),
        ("day", "../secret", ["day/*.csv", "*.csv"], OUT),
        ("day", "../secret", ["day/a.csv", "*.csv"], OUT),
    ],
)
def test_a_link_that_must_not_be_followed_goes_aside_and_the_rest_loads(drop, link, target, files, why):
    drop.put("a.csv", "k\n1\n")
    (drop.root / link).symlink_to(target)
    files = files if isinstance(files, list) else [files, "a.csv"]
    stream = drop.stream(files, on_broken="skip")
    first = drop.load(stream)
    assert first.rows == [("1",)]
    ((origin, reason),) = told(first)
    assert origin in (link, files[0])
    assert why in reason
    again = drop.load(stream, first.position)
    assert (again.rows, again.rejects) == ([], [])


def test_a_link_that_was_mended_is_read(drop):
    (drop.root / "a.csv").symlink_to("/etc/passwd")
    stream = drop.stream(on_broken="skip")
    first = drop.load(stream)
    (drop.root / "a.csv").unlink()
    drop.put("a.csv", "k\n1\n")
    assert drop.load(stream, first.position).rows == [("1",)]


def test_a_file_that_became_a_link_keeps_what_was_read_of_it(drop):
    drop.put("a.csv", "k\n" + "x" * 8 + "\n")  # as long as the link will be
    stream = drop.stream(on_broken="skip")
    first = drop.load(stream)
    (drop.root / "a.csv").unlink()
    (drop.root / "a.csv").symlink_to("/etc/passwd")
    second = drop.load(stream, first.position)
    assert (second.rows, [where for where, _ in told(second)]) == ([], ["a.csv"])


def test_links_that_stay_in_the_folder_are_followed_and_the_folder_may_be_one(drop, tmp_path):
    drop.put("2026/a.csv", "k\n1\n")
    (drop.root / "b.csv").symlink_to("2026/a.csv")
    (drop.root / "newest").symlink_to("2026")
    (tmp_path / "alias").symlink_to(drop.root)
    drop.root = tmp_path / "alias"
    loaded = drop.load(drop.stream(["*.csv", "*/*.csv"]))
    assert loaded.origins == ["b.csv", "2026/a.csv", "newest/a.csv"]
    assert loaded.rows == [("1",)] * 3


def test_a_stream_that_stops_at_broken_files_names_the_link(drop):
    drop.put("a.csv", "k\n1\n")
    (drop.root / "b.csv").symlink_to("/etc/passwd")
    stream = drop.stream(mode="replace")
    with pytest.raises(SourceDataError, match=OUT) as caught:
        drop.load(stream)
    assert caught.value.where == str(drop.root / "b.csv")


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_what_took_the_place_of_a_file_is_not_opened(drop, what):
    path = drop.put("a.csv", "k\n1\n")
    stream = drop.stream()
    source = drop.source(stream)
    (split,) = source.splits(stream, Ask())
    path.unlink()
    path.symlink_to("/etc/passwd") if what == "link" else os.mkfifo(path)
    with pytest.raises(SourceDataError, match=OUT if what == "link" else "something else than a file"):
        list(source.read(stream, split, Ask()))


@pytest.fixture
def well(drop):
    """A folder for folders that lie too deep in each other for pytest to take away."""
    (drop.root / "well").mkdir()
    yield drop.root / "well"
    subprocess.run(["rm", "-rf", str(drop.root / "well")], check=True)


@pytest.mark.long
def test_folders_may_lie_very_deep(drop, well):
    here = os.open(well, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    drop.put("a.csv", "k\n1\n")
    deep = "/".join(["well", *["d"] * 1_500, "b.csv"])
    drop.put(deep, "k\n2\n")
    loaded = drop.load(drop.stream(["a.csv", "**/b.csv"]))
    assert (loaded.rows, loaded.origins) == ([("1",), ("2",)], ["a.csv", deep])


@pytest.mark.skipif(os.geteuid() == 0, reason="no door is locked for root")
def test_a_folder_behind_a_locked_door_is_told_and_the_rest_loads(drop):
    drop.put("a.csv", "k\n1\n")
    locked = drop.put("b/a.csv", "k\n2\n").parent
    locked.chmod(0)
    loaded = drop.load(drop.stream("**/*.csv", on_broken="skip"))
    locked.chmod(0o700)
    assert (loaded.rows, told(loaded)) == ([("1",)], [("b", "this user may not look into it")])


def test_a_check_names_links_and_looks_at_the_first_file_behind_them(drop):
    (drop.root / "a.csv").symlink_to("/etc/passwd")
    drop.put("b.csv", "k\n1\n")
    said = list(drop.source(drop.stream()).check())
    assert [finding.text for finding in said if finding.level == "warning"] == [
        f"a.csv cannot be read: it is {OUT} of its source"
    ]
    assert any(finding.text.startswith("b.csv: csv") for finding in said)
    assert not [finding for finding in said if finding.level == "error"]
