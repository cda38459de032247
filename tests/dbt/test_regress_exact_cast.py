"""Text is read back into its column only where nothing of it changes: a plain cast would round, cut off or shift."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import standin

pytestmark = [pytest.mark.slow, pytest.mark.long]

NOON = datetime(2026, 3, 4, 12, 30)  # noqa: DTZ001 - a timestamp has no zone
CASES = {
    "bigint": [("1.0", 1), (" +8 ", 8), ("007", 7), ("-3.", -3), ("1.5", None), ("2e3", None), ("1_0", None), ("0x10", None),
        ("9223372036854775808", None), ("9007199254740993.0", 2**53 + 1), ("abc", None), ("", None)],
    "integer": [("2147483648", None), ("5.00", 5), ("5.01", None)],
    "double precision": [("+1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("12345678901234567890", None), ("NaN", None), ("inf", None),
        ("1e400", None), ("0.12345678901234567", None), ("1e-400", None), ("000123.25", 123.25)],
    "decimal(10, 2)": [("1.5", Decimal("1.50")), ("1.500", Decimal("1.50")), ("1.005", None), ("+2", Decimal("2.00"))],
    "date": [("2026-3-4", date(2026, 3, 4)), ("2026-03-04 00:00:00", date(2026, 3, 4)), ("2026-03-04 23:59:00", None),
        ("2026-02-30", None), ("infinity", None), ("01/02/2026", None)],
    "timestamp": [("2026-03-04T12:30", NOON), ("2026-3-4 12:30:00.0", NOON), ("2026-03-04T12:30:00+02:00", None), ("infinity", None)],
    "timestamp with time zone": [("2026-03-04 12:30:00Z", NOON.replace(tzinfo=UTC)), ("2026-03-04T12:30:00", None),
        ("2026-03-04T14:30:00+02:00", NOON.replace(tzinfo=UTC))],
    "boolean": [("yes", True), ("0", False), ("2", None), ("maybe", None)],
}  # fmt: skip


@pytest.fixture(scope="module")
def got(tmp_path_factory):
    """What dbt made of every case, in a session far from UTC."""
    project = tmp_path_factory.mktemp("casts")
    (project / "models").mkdir()
    (project / "dbt_project.yml").write_text(
        "{name: casts, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}}"
    )
    profile = (standin.TEMPLATE / "profiles.yml").read_text().rstrip()
    (project / "profiles.yml").write_text(f"{profile}\n      settings: {{TimeZone: America/St_Johns}}\n")
    standin.add_package(project)
    with duckdb.connect(project / standin.BUILD) as build:
        for number, (kind, cases) in enumerate(CASES.items()):
            build.execute(f"create table texts_{number} (place integer, value varchar)")
            build.executemany(
                f"insert into texts_{number} values (?, ?)", [(i, text) for i, (text, _) in enumerate(cases)]
            )
            sql = f"select place, {{{{ lakesmith.exact_cast('value', '{kind}') }}}} as got from texts_{number}"
            Path(project / f"models/cast_{number}.sql").write_text(sql)
    built = standin.dbt(project, "run", "--quiet")
    assert built.code == 0, built.output
    return {
        kind: [value for (value,) in standin.query(project, f"select got from cast_{number} order by place")]
        for number, kind in enumerate(CASES)
    }


@pytest.mark.parametrize("kind", CASES)
def test_a_text_becomes_the_same_value_or_null(kind, got):
    assert dict(zip([text for text, _ in CASES[kind]], got[kind], strict=True)) == dict(CASES[kind])
