"""Files in a bucket load as files in a folder do."""

import pytest

from lakesmith.errors import ConnectorOptionsError, SourceDataError, SourceMissingError, StorageUnavailableError
from lakesmith.model.streams import Ask
from lakesmith.sources.files.deliveries.ledger import decode


def put(s3, far, name, content):
    body = content.encode() if isinstance(content, str) else content
    return s3.put_object(Bucket=far.bucket, Key=f"in/{name}", Body=body)["ETag"].strip('"')


def test_a_folder_and_a_bucket_load_the_same(s3, bucket):
    names = ["raw/2026-10-01/a.csv", "raw/2026-10-02/a.csv", "raw/2026-10-02/.tmp.csv", "raw/x.csv", "other.csv"]
    for name in names:
        put(s3, bucket, name, f"name,n\n{name},1\n")
    put(s3, bucket, "raw/2026-10-03/", "")  # how consoles write an empty folder
    s3.put_object(Bucket=bucket.bucket, Key="raw/2026-10-01/a.csv", Body=b"not,below\nthe,prefix\n")
    patterns = ["raw/{date}/*.csv", "**/x.csv", "other.csv"]
    loaded = bucket.load(bucket.stream(patterns))
    assert loaded.rows == [("raw/x.csv", "1"), ("other.csv", "1"), *((name, "1") for name in names[:2])]
    assert bucket.load(bucket.stream(patterns), loaded.position).rows == []


def test_a_grown_object_is_read_on_and_a_rewritten_one_refused(s3, bucket):
    put(s3, bucket, "a.csv", "k,v\n1,2\n")
    first = bucket.load()
    tag = put(s3, bucket, "a.csv", "k,v\n1,2\n3,4\n")
    second = bucket.load(since=first.position)
    assert second.rows == [("3", "4")]
    assert decode(second.position)["a.csv"].version == tag
    put(s3, bucket, "a.csv", "k,v\n9,9\n3,4\n")
    with pytest.raises(SourceDataError, match=r"rewritten(.|\n)*where: a\.csv"):
        bucket.load(since=second.position)


def test_an_object_written_again_with_the_same_content_is_not_read(s3, bucket):
    put(s3, bucket, "a.csv", "k,v\n1,2\n")
    first = bucket.load()
    put(s3, bucket, "a.csv", "k,v\n1,2\n")
    stream = bucket.stream()
    assert bucket.source(stream).splits(stream, Ask(since=first.position)) == []


def test_an_object_of_the_same_size_and_another_tag_is_seen(s3, bucket):
    put(s3, bucket, "a.csv", "k,v\n1,2\n")
    first = bucket.load()
    put(s3, bucket, "a.csv", "k,v\n1,3\n")
    assert bucket.load(bucket.stream(mode="dedupe"), first.position).rows == [("1", "3")]


def test_a_large_object_is_read_in_few_requests(s3, bucket, objects):
    rows = [(str(number), "x" * 90) for number in range(60_000)]
    put(s3, bucket, "a.csv", "k,v\n" + "".join(f"{key},{value}\n" for key, value in rows))
    before = len(objects.log.read_text())
    assert bucket.load().rows == rows
    said = objects.log.read_text()[before:]
    assert said.count(f'"GET /{bucket.bucket}/in/a.csv') == 2
    assert said.count(f'"GET /{bucket.bucket}?') == 1


def test_a_small_object_is_read_once_for_both_of_its_handles(s3, bucket, objects):
    put(s3, bucket, "a.csv", "k\n1\n")
    before = len(objects.log.read_text())
    assert bucket.load().rows == [("1",)]
    assert objects.log.read_text()[before:].count(f'"GET /{bucket.bucket}/in/a.csv') == 1


def test_an_object_that_changes_while_it_is_read_is_refused(s3, bucket):
    put(s3, bucket, "a.csv", "k,v\n" + "1,2\n" * 1_500_000)
    stream = bucket.stream()
    source = bucket.source(stream)
    (split,) = source.splits(stream, Ask())
    chunks = source.read(stream, split, Ask())
    next(chunks)
    put(s3, bucket, "a.csv", "k,v\n" + "3,4\n" * 1_500_000)
    with pytest.raises(SourceDataError, match="changed while it was being read"):
        list(chunks)


def test_every_place_of_an_object_can_be_read(s3, bucket):
    content = bytes(range(256)) * 16_384
    put(s3, bucket, "a.bin", content)
    with bucket.source()._place.open("a.bin") as file:
        for start, size in ((0, 10), (4_000_000, 100), (1_048_570, 20), (5, 5), (1_100_000, 3), (1_200_000, 2_000_000)):
            file.seek(start)
            assert file.read(size) == content[start : start + size]
        file.seek(-7, 2)
        assert file.read() == content[-7:]


@pytest.mark.parametrize(
    ("change", "error", "why"),
    [
        ({"secret_key": "wr0ng"}, None, ""),
        ({"endpoint": "http://127.0.0.1:9"}, StorageUnavailableError, "does not answer"),
    ],
)
def test_what_a_bucket_complains_of_names_no_secret(bucket, storage, change, error, why):
    stream = bucket.stream()
    source = bucket.source(stream, storage={**storage, **change})
    if error is None:  # moto takes any key
        assert source.splits(stream, Ask()) == []
        return
    with pytest.raises(error, match=why) as caught:
        source.splits(stream, Ask())
    assert storage["secret_key"] not in str(caught.value)
    assert caught.value.where == f"{bucket.root}, lakesmith.yml:3"


def test_a_bucket_that_is_not_there(bucket):
    stream = bucket.stream()
    bucket.root = "s3://nowhere-at-all/in"
    with pytest.raises(ConnectorOptionsError, match=r"no such place \(NoSuchBucket\)(.|\n)*lakesmith\.yml:3"):
        bucket.source(stream).splits(stream, Ask())


def test_a_named_object_that_never_came_is_missing(bucket):
    stream = bucket.stream("a.csv")
    with pytest.raises(SourceMissingError, match=r"`a\.csv` is not there"):
        bucket.source(stream).splits(stream, Ask())


def test_check_looks_into_a_bucket(s3, bucket):
    put(s3, bucket, "a.csv", "id;name\n1;2\n")
    findings = list(bucket.source(bucket.stream()).check())
    assert [(finding.level, finding.text.partition(",")[0]) for finding in findings][:2] == [
        ("ok", "1 file"),
        ("note", "a.csv: csv"),
    ]


def test_a_small_object_takes_few_requests(s3, bucket, objects):
    put(s3, bucket, "a.csv", "k\n1\n")
    before = len(objects.log.read_text())
    bucket.load()
    said = objects.log.read_text()[before:]
    assert (said.count('"HEAD /'), said.count('"GET /')) == (2, 2)  # before and after; the listing and the object


@pytest.mark.parametrize("key", ["access_key", "session_token"])
def test_a_key_with_a_line_break_is_to_be_corrected_and_not_shown(bucket, key):
    stream = bucket.stream()
    storage = {**bucket.options["storage"], key: "s3cr3t\n"}
    with pytest.raises(ConnectorOptionsError, match=f"`{key}` has a character that no request can carry") as caught:
        bucket.source(stream, storage=storage).splits(stream, Ask())
    assert "s3cr3t" not in str(caught.value)


def test_keys_of_any_letters_are_read_and_empty_ones_and_folders_are_not(bucket, s3):
    names = [
        "a b.csv",
        "\u00fcn\u00ef/\U0001f600.csv",
        "x/y?z=1&%41+#.csv",
        "/double.csv",
        "del\x01\t.csv",
        "l" * 900 + ".csv",
    ]
    for number, name in enumerate(names):
        s3.put_object(Bucket=bucket.bucket, Key=f"in/{name}", Body=f"k\n{number}\n".encode())
    for name in ("slash.csv/", "empty.csv", "x/"):
        s3.put_object(Bucket=bucket.bucket, Key=f"in/{name}", Body=b"")
    stream = bucket.stream("**/*.csv")
    first = bucket.load(stream)
    assert dict(zip(first.origins, first.rows, strict=True)) == {name: (str(n),) for n, name in enumerate(names)}
    assert bucket.load(stream, first.position).rows == []
