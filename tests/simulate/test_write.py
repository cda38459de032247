"""What a delivery consists of, and that it is the same whenever it is made again."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lakesmith.simulate import Company, Delivery, deliver

COMPANY = Company()
CUT_DAY = 3


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Delivery]:
    root = tmp_path_factory.mktemp("company")
    return {day: deliver(COMPANY, root, day) for day in range(1, 6)}


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_equal_companies_write_equal_bytes_in_any_order_of_days(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        deliver(Company(seed=11, scale=0.1), tmp_path / "a", day)
    for day in (3, 2, 1, 2):
        deliver(Company(seed=11, scale=0.1), tmp_path / "b", day)
    first = contents(tmp_path / "a")
    assert first == contents(tmp_path / "b")
    assert list(first) == [
        *(f"data/init/{name}.csv" for name in ("companies", "customers", "orders", "products")),
        *(
            f"data/raw/2026-10-0{n}/{name}"
            for n in (1, 2, 3)
            for name in ("companycsv.csv", "leadcsv.csv", "weblogs.log")
        ),
    ]


def test_bytes_do_not_depend_on_the_process(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "lakesmith.simulate", "--days", "2", "--scale", "0.05"]
    for seed in ("1", "2"):
        subprocess.run([*words, tmp_path / seed], check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_another_seed_is_another_company(tmp_path: Path) -> None:
    for seed in (1, 2):
        deliver(Company(seed=seed, scale=0.01), tmp_path / str(seed), 1)
    first, second = contents(tmp_path / "1"), contents(tmp_path / "2")
    assert all(first[name] != second[name] for name in first)


def test_files_hold_the_rows_of_the_contract(deliveries: dict[int, Delivery], reader: SimpleNamespace) -> None:
    for day, delivery in deliveries.items():
        for file in delivery.files:
            assert file.bytes == file.path.stat().st_size
            if file.path.suffix == ".csv":
                _, rows, broken = reader.raw_rows(file.path)
                assert len(rows) == (5_000 if file.path.parent.name == "init" else 2_000)
            else:
                rows = list(reader.log(file.path))
                broken = len(file.path.read_text().splitlines()) - len(rows)
                assert 2_800 < len(rows) < 5_600
            assert (file.rows, file.broken) == (len(rows) + broken, broken), (day, file.path.name)
            assert 0 < broken < 15


def test_leads_gain_a_column_on_day_three(deliveries: dict[int, Delivery], reader: SimpleNamespace) -> None:
    headers = {d: reader.raw_rows(x.files[-2].path)[0] for d, x in deliveries.items()}
    before = ["lead_id", "company_id", "email", "campaign", "status", "created_at", "updated_at"]
    assert headers[1] == headers[2] == before
    assert headers[3] == headers[5] == [*before[:4], "utm_term", *before[4:]]


def test_every_kind_of_dirt_occurs(deliveries: dict[int, Delivery]) -> None:
    daily = {
        kind for kind in deliveries[3].dirt if kind.split(":")[0] in {"log", "older", "copy", "null", "broken", "email"}
    }
    assert daily == {
        "copy", "older:same file", "older:later file", "null:", "null:-", "null:NULL", "null:n/a",
        "broken:too few fields", "broken:too many fields", "broken:garbage line", "broken:cut line",
        "email:upper case", "email:title case", "email:swapped case",
        "log:campaign in upper case", "log:parameter order", "log:trailing slash",
    }  # fmt: skip
    assert set(deliveries[1].dirt) - daily == {
        "date:day first", "date:month first", "date:month name", "date:compact",
        "timestamp:no zone", "timestamp:day first", "timestamp:12 hours", "timestamp:epoch",
        "money:grouped", "money:euro sign", "money:decimal comma", "money:currency code", "money:grouped by blanks",
        "revenue:grouped", "revenue:euro millions", "revenue:million", "revenue:thousands", "revenue:code millions",
        "employees:grouped", "employees:about", "employees:worded", "quantity:pieces",
        "key:lower case", "key:blanks around", "key:hyphen", "foreign key:empty", "foreign key:unknown",
        "text:blank before", "text:blank after", "text:blanks around",
    }  # fmt: skip


def test_pieces_are_too_rare_to_change_the_type_of_quantity(deliveries: dict[int, Delivery]) -> None:
    assert 5 <= deliveries[1].dirt["quantity:pieces"] <= 45  # of 5,000


def test_only_two_columns_are_numbers_by_the_rule_of_99_percent(
    deliveries: dict[int, Delivery], reader: SimpleNamespace
) -> None:
    narrow = re.compile(r"-?\d+(\.\d+)?|\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\dZ?)?|true|false")
    found = set()
    for file in deliveries[1].files[:-1]:
        header, rows, _ = reader.raw_rows(file.path)
        for name, texts in zip(header, zip(*rows, strict=True), strict=True):
            values = [text for text in texts if text]
            if sum(narrow.fullmatch(text) is not None for text in values) >= 0.99 * len(values):
                found.add((file.path.name, name))
    assert found == {("orders.csv", "quantity"), ("orders.csv", "discount_pct")}


@pytest.mark.long
def test_older_versions_come_after_newer_ones(deliveries: dict[int, Delivery], reader: SimpleNamespace) -> None:
    for place, key, first in ((-3, "company_id", [deliveries[1].files[0]]), (-2, "lead_id", [])):
        newest: dict[str, datetime] = {}
        seen: dict[tuple[str, datetime], dict[str, object]] = {}
        late = rows = 0
        for file in [*first, *(delivery.files[place] for delivery in deliveries.values())]:
            for row in reader.csv(file.path):
                known = newest.get(row[key], row["updated_at"])
                newest[row[key]] = max(known, row["updated_at"])
                is_late = row["updated_at"] < known
                assert is_late == (row["updated_at"].minute % 2 == 1), "odd minutes keep late versions apart"
                late += is_late
                rows += 1
                assert seen.setdefault((row[key], row["updated_at"]), row) == row, "two versions share a time"
        assert 0.008 * rows < late < 0.012 * rows


def test_copies_are_exact(deliveries: dict[int, Delivery], reader: SimpleNamespace) -> None:
    for delivery in deliveries.values():
        for file in delivery.files:
            if file.path.suffix == ".csv":
                rows = [tuple(row) for row in reader.raw_rows(file.path)[1]]
                assert 0.0199 < 1 - len(set(rows)) / len(rows) < 0.0201


def test_leads_move_forward(deliveries: dict[int, Delivery], reader: SimpleNamespace) -> None:
    rank = {"new": 0, "contacted": 1, "qualified": 2, "converted": 3, "lost": 3}
    versions: dict[str, dict[datetime, dict[str, Any]]] = defaultdict(dict)
    for delivery in deliveries.values():
        for row in reader.csv(delivery.files[-2].path):
            lag = date.fromisoformat(delivery.files[-2].path.parent.name) - row["created_at"].date()
            assert row["lead_id"] in versions or 0 <= lag.days <= 5
            assert row["created_at"] < row["updated_at"]
            versions[row["lead_id"]][row["updated_at"]] = row
    moved = 0
    for of_lead in versions.values():
        ranks = [rank[of_lead[at]["status"]] for at in sorted(of_lead)]
        assert ranks == sorted(ranks)
        assert len({row["created_at"] for row in of_lead.values()}) == 1
        moved += ranks[0] < ranks[-1]
    assert moved > 1_500


def test_the_cut_file_is_a_beginning_of_the_full_file(tmp_path: Path, reader: SimpleNamespace) -> None:
    for seed in range(12):
        company = Company(seed=seed, scale=0.05)
        cut = deliver(company, tmp_path, CUT_DAY, cut_short=True).files[0]
        beginning = cut.path.read_bytes()
        header, rows, broken = reader.raw_rows(cut.path)
        assert (len(rows), broken) == (cut.rows - cut.broken, cut.broken + 1)
        full = deliver(company, tmp_path, CUT_DAY).files[0]
        assert full.path.read_bytes().startswith(beginning)
        assert 0.5 < len(beginning) / full.bytes < 0.7
        assert len(beginning.decode().splitlines()[-1].split(",")) < len(header)
        assert not beginning.endswith(b"\n")


def test_nothing_is_left_beside_the_files(tmp_path: Path) -> None:
    delivery = deliver(Company(scale=0.01), tmp_path, 2)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(
        file.path for file in delivery.files
    )


def test_the_smallest_company_delivers(tmp_path: Path) -> None:
    company = Company(scale=0.0001, start=date(2024, 2, 28))
    assert [file.path.parent.name for file in deliver(company, tmp_path, 2).files] == ["2024-02-29"] * 3


def test_a_company_needs_rows() -> None:
    with pytest.raises(ValueError, match="must be above 0, and is 0"):
        Company(scale=0)


def test_days_count_from_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no day 0"):
        deliver(COMPANY, tmp_path, 0)
