"""What a run says and does about a column that bronze renamed, and when it does nothing."""

import pytest

import lakesmith
from lakesmith.cli.progress import DRIFT_WORDS
from lakesmith.dbt.scaffold import apply_scaffold, outdated, plan_scaffold, read_models
from lakesmith.dbt.staging import ScaffoldTable
from lakesmith.model.loads import Load
from lakesmith.model.shapes import Drift
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.model.types import LONG, STRING, SYSTEM_FIELDS, Field, Schema
from lakesmith.run import renames
from lakesmith.run.renames import follow

PEOPLE, PETS = StreamId("shop", "people"), StreamId("shop", "pets")
PROJECT = """version: 1
name: acme
sources:
  shop: {type: files, streams: {people: {files: "*.csv", columns: {mail: {type: string}}}}}
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    return lakesmith.open(tmp_path)._shop


def loaded(*drift):
    return Load(PEOPLE, "succeeded", drift=drift, notices=("said before",))


def renamed(old, new):
    return Drift("renamed", new, old, new, "evolve", "renamed")


def test_lines_of_all_renames_are_notices_and_one_warning(shop):
    (shop.paths.root / "models").mkdir()
    (shop.paths.root / "models/m.sql").write_text("select mail,\n mail, fon\nfrom x")
    load, warning = follow(shop, loaded(renamed("mail", "email"), renamed("fon", "phone"), renamed("age", "years")))
    assert load.notices == (
        "said before",
        "mail is called email now; these lines still name it: lakesmith.yml:4, models/m.sql:1, models/m.sql:2",
        "fon is called phone now; these lines still name it: models/m.sql:2",
    )
    assert warning == "4 lines of the project still name mail, fon, as the source called it before"


def test_nothing_is_said_where_nothing_was_renamed_or_nobody_names_it(shop):
    other = Drift("rename_candidate", "email", "mail", "email", "quarantine", "quarantined")
    for load in (loaded(), loaded(other), loaded(renamed("age", "years"))):
        assert follow(shop, load) == (load, "")


def test_a_name_that_stands_everywhere_is_not_listed_for_ever(shop):
    (shop.paths.root / "models").mkdir()
    (shop.paths.root / "models/m.sql").write_text("id\n" * (renames.SHOWN + 7))
    load, _ = follow(shop, loaded(renamed("id", "number")))
    assert load.notices[-1].endswith(f"models/m.sql:{renames.SHOWN} and 7 more")


def test_a_rename_has_a_word_on_the_terminal():
    assert DRIFT_WORDS["renamed"] == "renamed"


def table(stream, *names):
    columns = tuple(Field(name, STRING) for name in names)
    return ScaffoldTable(StreamSpec(stream), Schema((Field("id", LONG), *columns, *SYSTEM_FIELDS)))


def test_only_what_lacks_a_column_of_its_own_description_is_outdated_and_written_anew(tmp_path):
    before = [table(PEOPLE, "mail", "no"), table(PETS, "kind")]
    apply_scaffold(tmp_path, plan_scaffold(before, {}))
    grown = [table(PEOPLE, "mail", "no", "more"), table(PETS, "kind", "more")]
    assert outdated(before, read_models(tmp_path)) == outdated(grown, read_models(tmp_path)) == ()
    after = [table(PEOPLE, "email", "no"), table(PETS, "kind", "more")]
    stale = outdated(after, read_models(tmp_path))
    assert stale == (PEOPLE,)
    changes = plan_scaffold(after, read_models(tmp_path), only=stale)
    assert {change.path: change.action for change in changes} == {
        "models/sources.yml": "update",
        "models/silver/shop/stg_shop__people.sql": "unchanged",
        "models/silver/shop/stg_shop__people.yml": "update",
    }
    apply_scaffold(tmp_path, changes)
    assert outdated(after, read_models(tmp_path)) == ()
    edited = tmp_path / "models/silver/shop/stg_shop__people.yml"
    edited.write_text(edited.read_text() + "# mine\n")
    assert outdated(before, read_models(tmp_path)) == (), "a person's file is a person's"
