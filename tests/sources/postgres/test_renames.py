"""A column that is renamed in the server: bronze and silver follow within the run, and what a person wrote is named."""

import json
import shutil

import pytest
import yaml
from click.testing import CliRunner

import lakesmith
from lakesmith.cli.main import cli
from lakesmith.model.streams import StreamId

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]
PROJECT = """
version: 1
name: shop
sources:
  shop:
    type: postgres
    url: ${env:SHOP_URL}
    streams: {people: {mode: dedupe, key: id, cursor: id%s}, tags: {mode: append, cursor: t}}
"""
MART = "select\n  id,\n  mail\nfrom {{ ref('stg_shop__people') }}\n"
MODEL, MODEL_YML = "models/silver/shop/stg_shop__people.sql", "models/silver/shop/stg_shop__people.yml"
SILVER = "select * exclude (_ls_seq, _ls_op, _ls_built_at) from silver.stg_shop__people order by id"
LINES = "mail is called email now; these lines still name it: models/marts/contacts.sql:3"


@pytest.fixture
def shop(url, db, tmp_path):
    """A project with scaffolded silver over two tables that were loaded once."""
    root = tmp_path / "shop"
    shutil.copytree(lakesmith.__path__[0] + "/project/templates/empty", root)
    (root / ".env").write_text(f"SHOP_URL={url}\n")
    say(root)
    db.execute("create table people (id int primary key, mail text); comment on column people.mail is 'Where to write'")
    db.execute(
        "insert into people values (1, 'a'), (2, 'b'); create table tags (t text); insert into tags values ('x')"
    )
    run(root)
    lakesmith.open(root).scaffold()
    run(root)
    return root


def say(root, more=""):
    (root / "lakesmith.yml").write_text(PROJECT % more)


def run(root):
    result = lakesmith.open(root).run()
    assert result.ok, result.outcome.errors
    return result


def silver(root):
    return lakesmith.open(root).query(SILVER, build=True).read_all().to_pylist()


def mart(root, text=MART):
    (root / "models/marts").mkdir(exist_ok=True)
    (root / "models/marts/contacts.sql").write_text("{{ config(schema='marts') }}" + text)


def rename(db):
    db.execute("alter table people rename mail to email; insert into people values (3, 'c')")


def test_silver_has_old_and_new_rows_under_the_new_name(shop, db):
    assert "Where to write." in (shop / MODEL_YML).read_text()
    assert "unique" in yaml.safe_load((shop / MODEL_YML).read_text())["models"][0]["columns"][0]["data_tests"]
    generation = head(shop).checkpoint.generation
    rename(db)
    result = run(shop)

    assert silver(shop) == [{"id": n, "email": text} for n, text in ((1, "a"), (2, "b"), (3, "c"))]
    assert head(shop).checkpoint.generation == generation + 1
    described = [column["name"] for column in yaml.safe_load((shop / MODEL_YML).read_text())["models"][0]["columns"]]
    assert described == ["id", "email", "_ls_seq", "_ls_op", "_ls_built_at"]
    assert "mail" not in {c["name"] for c in sources(shop)["people"]}
    assert result.state == "succeeded", "no line of the project is a person's to change"
    assert run(shop).state == "nothing_new"
    db.execute("insert into people values (4, 'd')")
    run(shop)
    assert silver(shop)[3] == {"id": 4, "email": "d"}


def test_lines_that_a_person_wrote_are_named_everywhere(shop, db):
    mart(shop)
    run(shop)
    rename(db)
    output = CliRunner().invoke(cli, ["run", "--project", str(shop)]).output
    assert "1 line of the project still names mail, as the source called it before" in output
    assert f"notice: {LINES}" in output
    assert "drift: renamed email (mail → email): renamed" in output
    assert silver(shop)[0] == {"id": 1, "email": "a"}
    mart(shop, MART.replace("mail", "email as mail"))
    run(shop)
    project = lakesmith.open(shop)
    assert project.table("marts.contacts").to_polars().sort("id")["mail"].to_list() == ["a", "b", "c"]
    assert LINES in project.page.read_text()
    (told,) = [load for load in project.history().loads() if load.notices]
    assert (told.stream, told.notices[-1]) == ("shop.people", LINES)


def test_a_program_is_told(shop, db):
    mart(shop)
    rename(db)
    done = CliRunner().invoke(cli, ["run", "--json", "--project", str(shop)])
    said = json.loads(done.output) if done.output else pytest.fail(repr(done.exception))
    (load,) = [one for one in said["loads"] if one["stream"] == "shop.people"]
    assert load["notices"][-1] == LINES
    assert said["steps"]["load:shop.people"] == "warned"


def test_freeze_refuses_it_and_nothing_moves(shop, db):
    say(shop, ", on_drift: freeze")
    before, text = silver(shop), (shop / MODEL_YML).read_text()
    rename(db)
    result = lakesmith.open(shop).run()
    (error,) = [error for step, error in result.outcome.errors if step == "load:shop.people"]
    assert "The source renamed mail to email, and its policy is freeze. Nothing was loaded." in error.what
    assert (silver(shop), (shop / MODEL_YML).read_text()) == (before, text)


def test_files_that_a_person_edited_stay_theirs(shop, db):
    (shop / MODEL).write_text((shop / MODEL).read_text() + "-- mine: mail\n")
    run(shop)
    rename(db)
    result = run(shop)
    assert (shop / MODEL).read_text().endswith("-- mine: mail\n")
    (load,) = [load for load in result.outcome.loads if load.stream.name == "people"]
    assert f"{MODEL}:" in load.notices[-1]
    assert f"{MODEL_YML}:" in load.notices[-1], (
        "the scaffold's description of that model is the person's to follow with"
    )
    assert silver(shop)[0] == {"id": 1, "email": "a"}, "a model that a person edited refreshes as well"


def test_a_run_that_was_cut_off_behind_the_rename_is_made_good_by_the_next(shop, db):
    written = {name: (shop / name).read_text() for name in (MODEL_YML, "models/sources.yml")}
    rename(db)
    project = lakesmith.open(shop)
    project.run(select=("source:shop.people",), exclude=("stg_shop__people+",))
    for name, text in written.items():  # as if it had been killed before it came to them
        (shop / name).write_text(text)
    assert run(shop).outcome.loads == []
    assert "email" in (shop / MODEL_YML).read_text()
    assert "mail" not in {column["name"] for column in sources(shop)["people"]}
    assert len(silver(shop)) == 3
    assert run(shop).state == "nothing_new"


def head(root):
    return lakesmith.open(root)._shop.lake.table(StreamId("shop", "people")).head()


def sources(root):
    (source,) = yaml.safe_load((root / "models/sources.yml").read_text())["sources"]
    return {table["name"]: table["columns"] for table in source["tables"]}
