"""The suite can fail: for every law there is a source that breaks it, and the message names the law."""

import mutants
import pytest
from lakesmith_sqlite import SqliteSource
from mutants import Shop

from lakesmith.testing import LAWS, ContractBrokenError

BROKEN = [
    (
        "options",
        mutants.Loose,
        "test_options",
        "`Options` is not frozen.*takes keys nobody knows.*`Options.path` has no description",
    ),
    ("options", mutants.Terse, "test_options", "`Options.retry.wait` has no description\n"),
    ("light", mutants.Heavy, "test_planning_is_light", "`splits` imported.* pyarrow"),
    ("plan", mutants.Restless, "test_plan", "everything was read, yet there is more to read: rowid"),
    ("plan", mutants.Moody, "test_plan", "two sources over the same system planned different splits"),
    ("plan", mutants.Twins, "test_plan", "two splits have the same name"),
    ("position", mutants.Sloppy, "test_positions", r"`advance` gave b'{\"cursor\": \"rowid\""),
    ("repeat", mutants.Fickle, "test_reading_twice", "chunk 1 of split rowid .* was different the second time"),
    (
        "row",
        mutants.Boastful,
        "test_row_law",
        r"chunk 1 \(split rowid .*\): counted 3, came 2 rows \+ 0 rejects \+ 0 held",
    ),
    ("row", mutants.Silent, "test_row_law", "counted is None"),
    (
        "contents",
        mutants.Thief,
        "test_contents",
        r'rows of bronze \(4 expected, 1 found\). lost: 3, such as {"id":1,"name":"name 1"}; {"id":3',
    ),
    ("contents", mutants.Blunt, "test_contents", r'lost: 4, such as .*too many: 4, such as {"id":"1","name":"name 1"}'),
    (
        "resume",
        mutants.Hasty,
        "test_resuming_after_any_chunk",
        r'after chunk 1 \(2 expected, 0 found\). lost: 2, such as {"id":3',
    ),
    (
        "resume",
        mutants.Timid,
        "test_resuming_after_any_chunk",
        r'after chunk 1 .*too many: 1, such as {"id":2,"name":"name 2"}\n',
    ),
    (
        "growth",
        mutants.Forgetful,
        "test_growth",
        r"\(rows, rejects\) of the next load were \(6, 2\), \(2, 1\) were added",
    ),
    ("growth", mutants.Greedy, "test_an_empty_source", "loading an empty source failed: no record"),
    ("crash", mutants.Hoarder, "test_crash", r'killed at .*lost: [0-9]+, such as {"id":'),
    ("error", mutants.Raw, "test_errors", "DatabaseError is no LakesmithError"),
    ("error", mutants.Curt, "test_errors", "SourceDataError does not say fix: Broken"),
    ("error", mutants.Talkative, "test_errors", "it shows the secret"),
    ("error", mutants.Deaf, "test_errors", "a spoiled source was read as if nothing were wrong"),
    ("check", mutants.Fragile, "test_check", "spoiled, it raised SourceDataError: Broken"),
    (
        "check",
        mutants.Shouting,
        "test_check",
        "without streams, it yielded Finding.level='PANIC'.*ok, note, warning, error",
    ),
    ("check", mutants.Deaf, "test_check", "it has nothing to say of a stream with records"),
    ("check", mutants.Optimist, "test_check", "a spoiled source is no finding of level error"),
]


@pytest.mark.few(13)
@pytest.mark.parametrize(
    ("law", "mutant", "test", "found"), BROKEN, ids=[f"{law}-{mutant.__name__}" for law, mutant, _, _ in BROKEN]
)
def test_a_broken_source_is_caught_by_the_law_it_breaks(tmp_path, law, mutant, test, found):
    with pytest.raises(ContractBrokenError, match=rf"^the {law} law is broken: (?s:.*){found}") as caught:
        run(mutant, test, tmp_path)
    assert str(caught.value).endswith(f"\n  the law: {LAWS[law]}")


@pytest.mark.parametrize("test", sorted({test for _, _, test, _ in BROKEN} - {"test_crash"}))
def test_the_sound_source_passes(tmp_path, test):
    run(SqliteSource, test, tmp_path)


def test_a_sample_that_proves_nothing_is_refused(tmp_path):
    with pytest.raises(ContractBrokenError, match=r"^the batch law is broken: the sample was read as one chunk"):
        run(SqliteSource, "test_batches", tmp_path, stream_options={"table": "orders"})


def test_a_chunk_that_is_too_large_is_refused(tmp_path):
    with pytest.raises(ContractBrokenError, match=r"^the batch law is broken: a chunk has \d+ bytes, 30 are allowed"):
        run(SqliteSource, "test_batches", tmp_path, chunk_bytes=30)


def test_wrong_types_are_named(tmp_path):
    with pytest.raises(ContractBrokenError, match=r"^the contents law is broken: id is long, not int"):
        run(SqliteSource, "test_contents", tmp_path, types={"id": "int"})


def test_every_law_can_be_broken():
    assert {law for law, *_ in BROKEN} | {"batch"} == set(LAWS)


def run(source, test, folder, **said):
    contract = type("Broken", (Shop,), {"source": source, **said})()
    method = getattr(contract, test)
    return method() if test == "test_options" else method(folder)
