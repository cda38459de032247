"""How far general rules clean real dirty tables, cell by cell against their clean twins; the figures cannot fall."""

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import held_out
import pytest
import standin

REAL: Final = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
DATA: Final = REAL / "cleaning"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"real data: no folder {DATA}"),
]
PAGE: Final = Path(__file__).parents[2] / "docs" / "cleaning.md"
PAIRS: Final = ("hospital", "beers", "purchases")

# What a project says about a table: which columns there are, and in which of them a number bears a unit or a place its state.
MODELS: Final = {
    "hospital": """
{% set columns = lakesmith.column_names(source('raw', 'hospital')) | reject('in', ['index']) | list %}
with repaired as (select * from {{ lakesmith.repaired(source('raw', 'hospital'), columns, others=['index']) }})
select * from {{ lakesmith.mapped('repaired', columns, lakesmith.slips, others=['index']) }}
""",
    "beers": """
{% set states = '(select state as tail from ' ~ source('raw', 'beers') ~ ')' %}
{% set others = ['index', 'id', 'beer_name', 'style', 'ounces', 'abv', 'ibu'] %}
with tidy as (
  select index, id, {{ lakesmith.tidy('beer_name') }} as beer_name, {{ lakesmith.tidy('style') }} as style,
    {{ lakesmith.strip_unit('ounces') }} as ounces, {{ lakesmith.strip_unit('abv') }} as abv, {{ lakesmith.placeholder_null('ibu') }} as ibu,
    brewery_id, brewery_name,
    case when state is null then {{ lakesmith.without_tail('city', states) }} else city end as city,
    coalesce(state, {{ lakesmith.tail_of('city', states) }}) as state
  from {{ source('raw', 'beers') }}
)
select * from {{ lakesmith.repaired('tidy', ['brewery_id', 'brewery_name', 'city', 'state'], others=others) }}
""",
    "purchases": """
{% set texts = TEXTS %}
{% set others = ['index', 'invoice_id', 'invoice_date', 'unit_price'] %}
with tidy as (
  select index, invoice_id, cast({{ lakesmith.parse_date('invoice_date') }} as varchar) as invoice_date,
    cast({{ lakesmith.parse_money('unit_price') }} as varchar) as unit_price
    {%- for text in texts %}, {{ lakesmith.placeholder_null(text) }} as {{ text }}{% endfor %}
  from {{ source('raw', 'purchases') }}
),
usual as (select * from {{ lakesmith.mapped('tidy', texts, lakesmith.usual_spellings, others=others) }}),
repaired as (select * from {{ lakesmith.repaired('usual', texts, others=others) }})
select * from {{ lakesmith.mapped('repaired', texts, lakesmith.slips, others=others) }}
""".replace("TEXTS", str(list(held_out.TEXTS))),
}

ONE: Final = {
    "tidy": [("  a \t b\u00a0 c ", "a b c"), ("\u2009", None), ("", None), ("x", "x")],
    "placeholder_null": [
        ("N/A", None),
        (" - ", None),
        ("Unknown", None),
        ("NA", "NA"),
        ("0", "0"),
        (" a  b", "a b"),
        ("none", None),
    ],
    "strip_unit": [
        *(
            ("12.0 oz.", "12"),
            ("12.0 OZ. Alumi-Tek", "12"),
            ("3pcs", "3"),
            ("0.05%", "0.05"),
            ("-1.50 kg", "-1.5"),
            ("12", "12"),
        ),
        *(
            ("0.055999999999999994%", "0.056"),
            ("twelve oz", "twelve oz"),
            ("12 x 3 oz", "12 x 3 oz"),
            ("1,5 l", "1,5 l"),
        ),
    ],
    "plain_digits": [
        ("100", "100"),
        ("1.0", "1"),
        ("10.50", "10.5"),
        ("0.30000000000000004", "0.3"),
        ("a", None),
        ("123456789012345678901", "123456789012345678901"),
    ],
    "clean_phone": [
        ("(030) 123-45 67", "0301234567"),
        ("+49 30/1234567", "+49301234567"),
        ("0049 30 12345", "+493012345"),
        ("25x471", None),
    ],
    "clean_zip": [("7030", "07030"), ("07030-1234", "07030"), ("35233.0", "35233"), ("3523x", None), ("123456", None)],
}
"""Macros for one value: texts, and what they should become."""
SPELLED: Final = ["Berlin", "Berlin", "berlin", " BERLIN ", "Bonn", "bonn", None]


@dataclass(frozen=True)
class Score:
    """Cells: dirty ones, those that were changed, and those that were changed and are clean now."""

    dirty: int
    changed: int
    right: int

    @property
    def precision(self):
        return self.right / self.changed if self.changed else 1.0

    @property
    def recall(self):
        return self.right / self.dirty if self.dirty else 1.0

    def __str__(self):
        return f"dirty {self.dirty:5} changed {self.changed:5} right {self.right:5}  precision {self.precision:.3f}  recall {self.recall:.3f}"


def table(folder, which):
    """Return header and rows as Python's own reader gives them."""
    with (folder / f"{which}.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, sorted(rows, key=lambda row: int(row[0]))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder of each pair of tables."""
    held_out_folder = tmp_path_factory.mktemp("held_out")
    held_out.write(REAL / "postgres" / "chinook.sql", held_out_folder)
    return {"hospital": DATA / "hospital", "beers": DATA / "beers", "purchases": held_out_folder}


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory, folders):
    """The tables after the models above, as rows of text ordered by their number; null is an empty text, as in the files."""
    folder = tmp_path_factory.mktemp("cleaning")
    (folder / "models").mkdir()
    for name, sql in (MODELS | {"one": one_model(), "case": case_model()}).items():
        (folder / f"models/clean_{name}.sql").write_text(sql)
    tables = "".join(f"      - {{name: {name}}}\n" for name in PAIRS)
    (folder / "models/sources.yml").write_text(f"sources:\n  - name: raw\n    schema: raw\n    tables:\n{tables}")
    (folder / "dbt_project.yml").write_text(
        "{name: cleaning, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}}"
    )
    (folder / "profiles.yml").write_text((standin.TEMPLATE / "profiles.yml").read_text())
    standin.add_package(folder)
    with duckdb.connect(folder / standin.BUILD) as build:
        build.execute("create schema raw")
        for name in PAIRS:
            build.execute(
                f"create table raw.{name} as from read_csv('{folders[name] / 'dirty.csv'}', all_varchar=true, header=true)"
            )
    built = standin.dbt(folder, "build")
    assert built.code == 0, built.output
    with duckdb.connect(folder / standin.BUILD, read_only=True) as build:
        rows = {}
        for name in PAIRS:
            header, _ = table(folders[name], "dirty")
            columns = ", ".join(f'"{column}"' for column in header)
            found = build.execute(f"select {columns} from clean_{name} order by cast(index as integer)").fetchall()
            rows[name] = [[value or "" for value in row] for row in found]
        rows["one"] = dict(build.execute("select place, cleaned from clean_one").fetchall())
        rows["case"] = build.execute("select city from clean_case order by place").fetchall()
        return rows


def literal(text):
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def one_model():
    """Return a query with a row for each example of each macro."""
    return " union all ".join(
        f"select '{name} {at}' as place, {{{{ lakesmith.{name}('t') }}}} as cleaned from (select {literal(text)} as t)"
        for name, examples in ONE.items()
        for at, (text, _) in enumerate(examples)
    )


def case_model():
    values = ", ".join(f"({place}, {literal(text)})" for place, text in enumerate(SPELLED))
    return (
        f"with cities as (select * from (values {values}) as v (place, city)) "
        "select * from {{ lakesmith.mapped('cities', ['city'], lakesmith.usual_spellings, others=['place']) }}"
    )


@pytest.mark.parametrize("name", ONE)
def test_one_value_is_cleaned(cleaned, name):
    assert {text: cleaned["one"][f"{name} {at}"] for at, (text, _) in enumerate(ONE[name])} == dict(ONE[name])


def test_case_and_blanks_fold_to_what_most_rows_have(cleaned):
    assert [city for (city,) in cleaned["case"]] == ["Berlin"] * 4 + ["Bonn"] * 2 + [None]


def scores(folder, after):
    """Return the score of every column, and that of all together under the empty name."""
    header, before = table(folder, "dirty")
    _, truth = table(folder, "clean")
    assert len(before) == len(after) == len(truth)
    by_column = {}
    for i, column in enumerate(header):
        cells = [(b[i], a[i], t[i]) for b, a, t in zip(before, after, truth, strict=True)]
        by_column[column] = Score(
            sum(b != t for b, _, t in cells), sum(a != b for b, a, _ in cells), sum(b != a == t for b, a, t in cells)
        )
    whole = list(by_column.values())
    by_column[""] = Score(sum(s.dirty for s in whole), sum(s.changed for s in whole), sum(s.right for s in whole))
    return by_column


def score_of_texts(folder, after):
    """Return the score of all cells of the held-out columns of text whose clean twin has a value: the hard part."""
    header, before = table(folder, "dirty")
    _, truth = table(folder, "clean")
    at = [header.index(column) for column in held_out.TEXTS]
    cells = [(b[i], a[i], t[i]) for b, a, t in zip(before, after, truth, strict=True) for i in at if t[i]]
    return Score(
        sum(b != t for b, _, t in cells), sum(a != b for b, a, _ in cells), sum(b != a == t for b, a, t in cells)
    )


FLOORS: Final = {"hospital": (0.95, 0.85), "beers": (0.999, 1.0), "purchases": (0.945, 0.82)}
"""Precision and recall of all cells together; the rules were chosen with the first two in view, and with the third they were not."""
FLOOR_OF_TEXTS: Final = (0.83, 0.72)


@pytest.mark.parametrize("name", PAIRS)
def test_precision_and_recall_do_not_fall(cleaned, folders, name, capsys):
    found = scores(folders[name], cleaned[name])
    with capsys.disabled():
        for column, score in found.items():
            sys.stdout.write(f"\n{name:10}{column or 'all':18}{score}")
    precision, recall = FLOORS[name]
    assert found[""].precision >= precision
    assert found[""].recall >= recall
    assert f"| {name} | {figures(found[''])}" in PAGE.read_text("utf-8"), "docs/cleaning.md tells other figures"


def test_the_page_tells_the_held_out_figures_column_by_column(cleaned, folders, capsys):
    found = scores(folders["purchases"], cleaned["purchases"])
    texts = score_of_texts(folders["purchases"], cleaned["purchases"])
    with capsys.disabled():
        sys.stdout.write(f"\npurchases texts with a value{texts}")
    page = PAGE.read_text("utf-8")
    assert [
        column for column, s in found.items() if s.dirty and f"| {column or 'purchases'} | {figures(s)}" not in page
    ] == []
    assert f"| texts that have a value | {figures(texts)}" in page
    assert texts.precision >= FLOOR_OF_TEXTS[0]
    assert texts.recall >= FLOOR_OF_TEXTS[1]


def figures(score):
    return f"{score.dirty:,} | {score.changed:,} | {score.right:,} | {score.precision:.3f} | {score.recall:.3f} |"


def test_the_held_out_table_is_dirty_as_was_written_down(folders):
    header, dirty = table(folders["purchases"], "dirty")
    _, clean = table(folders["purchases"], "clean")
    assert len(dirty) == len(clean) > 2240
    assert [row[:2] for row in dirty] == [row[:2] for row in clean]
    track = header.index("track")
    share = sum(d[track] != c[track] for d, c in zip(dirty, clean, strict=True)) / len(clean)
    usual = held_out.SLIP + held_out.CASE + held_out.BLANKS + held_out.ERASED
    assert 0.5 * usual < share < 1.5 * usual
