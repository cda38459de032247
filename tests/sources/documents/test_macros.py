"""The macros that make tables of attachments, tables, cells and pages of documents, run by dbt on DuckDB."""

import duckdb
import pytest
import standin

pytestmark = [pytest.mark.slow, pytest.mark.long]

BRONZE = """
create schema bronze_inbox;
create table bronze_inbox.papers (
  path varchar, attachments struct(name varchar, type varchar, size bigint, sha256 varchar, text varchar)[],
  tables struct(number integer, page integer, header varchar[], cells varchar[][])[], page_texts varchar[], _ls_seq bigint, _ls_op varchar);
insert into bronze_inbox.papers values
  ('a', [{name: 'old', type: 'txt', size: 1, sha256: 'x', text: 'old'}], [], ['old'], 1, 'r'),
  ('a', [{name: 'one', type: 'txt', size: 3, sha256: 'x', text: 'first'}, {name: null, type: 'pdf', size: 9, sha256: 'y', text: null}],
   [{number: 1, page: 2, header: ['n', 'm'], cells: [['1', '2'], ['3', '', '5']]}, {number: 2, page: null, header: null, cells: [['x']]}],
   ['page one', 'page two'], 2, 'u'),
  ('empty', [], [], [], 3, 'r'), ('broken', null, null, null, 4, 'r');
"""
PAPERS = "lakesmith.current(source('inbox', 'papers'), 'path')"
MODELS = {
    "attached": f"select * from {{{{ lakesmith.document_attachments({PAPERS}) }}}} as one",
    "grids": f"select * from {{{{ lakesmith.document_tables({PAPERS}, ['path']) }}}} as one",
    "cells": f"select * from {{{{ lakesmith.document_cells({PAPERS}) }}}} as one",
    "pages": f"select * from {{{{ lakesmith.document_pages({PAPERS}) }}}} as one",
    "cells_of_table": "select * from {{ lakesmith.document_cells(ref('newest')) }} as one",
    "newest": f"select * from {{{{ {PAPERS} }}}} as one",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    (folder / "models").mkdir()
    for name, sql in MODELS.items():
        (folder / f"models/{name}.sql").write_text(sql)
    (folder / "models/schema.yml").write_text(
        "sources: [{name: inbox, schema: bronze_inbox, tables: [{name: papers}]}]"
    )
    (folder / "dbt_project.yml").write_text(
        "{name: papers, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}}"
    )
    (folder / "profiles.yml").write_text((standin.TEMPLATE / "profiles.yml").read_text())
    standin.add_package(folder)
    with duckdb.connect(folder / standin.BUILD) as build:
        build.execute(BRONZE)
    done = standin.dbt(folder, "build")
    assert done.code == 0, done.output
    return lambda sql: standin.query(folder, sql)


def test_attachments(built):
    expected = [("a", 1, "one", "txt", 3, "x", "first"), ("a", 2, None, "pdf", 9, "y", None)]
    assert built("select * from attached order by all") == expected
    assert built("select column_name from duckdb_columns() where table_name = 'attached' order by column_index") == [
        (name,) for name in ("path", "position", "name", "type", "size", "sha256", "text")
    ]


def test_tables(built):
    assert built("select * from grids order by all") == [
        ("a", 1, 1, 2, ["n", "m"], [["1", "2"], ["3", "", "5"]]),
        ("a", 2, 2, None, None, [["x"]]),
    ]


@pytest.mark.parametrize("name", ["cells", "cells_of_table"])
def test_cells_know_the_header_of_their_column(built, name):
    rows = built(
        f"select path, table_number, page, row_number, column_number, header, value from {name} order by 2, 4, 5"
    )
    assert rows == [
        ("a", 1, 2, 1, 1, "n", "1"),
        ("a", 1, 2, 1, 2, "m", "2"),
        ("a", 1, 2, 2, 1, "n", "3"),
        ("a", 1, 2, 2, 2, "m", None),
        ("a", 1, 2, 2, 3, None, "5"),
        ("a", 2, None, 1, 1, None, "x"),
    ]


def test_pages(built):
    assert built("select path, page, text from pages order by all") == [("a", 1, "page one"), ("a", 2, "page two")]
