import os
import time

import pytest

from lakesmith.dbt.fingerprint import fingerprint

LONG_AGO = 1_000_000_000


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dbt_project.yml").write_text("name: acme\nmodel-paths: [sql]\n")
    for name in ("sql/a.sql", "sql/deep/b.sql", "macros/m.sql", "seeds/s.csv"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"select '{name}'")
    _age(tmp_path)
    return tmp_path


def _age(root):
    for file in root.rglob("*"):
        os.utime(file, (LONG_AGO, LONG_AGO))


def _print(root, **extra):
    return fingerprint(root, root / ".lakesmith" / "fingerprint.json", **extra)


@pytest.mark.parametrize(
    "name", ["sql/a.sql", "sql/deep/b.sql", "macros/m.sql", "seeds/s.csv", "dbt_project.yml", "dbt_packages/x/m.sql"]
)
def test_content_of_what_dbt_reads_counts(name, project):
    before = _print(project)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("name: acme\nmodel-paths: [sql]\n# changed")

    assert _print(project) != before


@pytest.mark.parametrize(
    "name", ["target/manifest.json", "logs/dbt.log", "README.md", "lakesmith.yml", "models/.a.sql.swp"]
)
def test_what_dbt_writes_or_does_not_read_does_not_count(name, project):
    before = _print(project)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("changed")

    assert _print(project) == before


def test_time_does_not_count_and_names_do(project):
    before = _print(project)
    os.utime(project / "sql/a.sql")
    assert _print(project) == before
    (project / "sql/a.sql").rename(project / "sql/c.sql")
    assert _print(project) != before


def test_same_size_change_within_the_grain_of_the_clock_counts(project):
    file = project / "sql/a.sql"
    file.write_text("select 1")
    before = _print(project)
    stamp = file.stat()
    file.write_text("select 2")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    assert _print(project) != before


def test_extra_counts_and_a_broken_cache_does_not(project):
    before = _print(project)
    (project / ".lakesmith" / "fingerprint.json").write_text("{")

    assert _print(project) == before
    assert _print(project, extra=("prod",)) != before


def test_five_hundred_files_take_milliseconds(project):
    for number in range(500):
        (project / "sql" / f"m{number}.sql").write_text("select 1\n" * 40)
    _age(project)
    _print(project)
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        _print(project)
        taken.append(time.perf_counter() - began)

    assert min(taken) < 0.05
