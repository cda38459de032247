import re

import pytest
import yaml

from lakesmith.errors import UsageError
from lakesmith.host import Host
from lakesmith.project import init_project, load_project, templates
from lakesmith.project.starter import fold_name


def contents(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("template", templates())
def test_a_new_project_loads_and_has_its_own_name(tmp_path, template):
    folder = tmp_path / "Acme Data"
    written = init_project(folder, template=template)
    assert written == sorted(path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)) for path in written}
    assert names >= {"lakesmith.yml", "dbt_project.yml", "profiles.yml", ".gitignore", ".env.example"}
    assert load_project(folder, host=Host(), environ={}).name == "acme_data"
    dbt = yaml.safe_load((folder / "dbt_project.yml").read_text())
    assert (dbt["name"], list(dbt["models"])) == ("acme_data", ["acme_data"])
    assert {".env", ".lakesmith/", "lake/", "warehouse/", "target/"} <= set(
        (folder / ".gitignore").read_text().splitlines()
    )


def test_templates_have_names():
    assert templates() == ("agency", "b2b-sales", "empty", "sales-marketing", "subscriptions")


def test_an_unknown_template_names_the_nearest(tmp_path):
    with pytest.raises(
        UsageError,
        match=r'no template "b2b-sale", did you mean "b2b-sales"\?\n  fix:   use one of: agency, b2b-sales, empty, sales-marketing, subscriptions',
    ):
        init_project(tmp_path / "x", template="b2b-sale")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"The folder is not empty\.\n.*\n  fix: .*--here"):
        init_project(tmp_path, template="empty")
    assert contents(tmp_path) == {"notes.txt": "mine"}
    with pytest.raises(UsageError, match=r"a file, not a folder"):
        init_project(tmp_path / "notes.txt", template="empty")


def test_a_fresh_repository_counts_as_empty(tmp_path):
    (tmp_path / ".git").mkdir()
    assert tmp_path / "lakesmith.yml" in init_project(tmp_path, template="empty")


def test_here_keeps_every_file_and_adds_what_is_missing(tmp_path):
    (tmp_path / ".gitignore").write_text("# mine\n.env\n*.log")
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "profiles.yml").write_text("mine: {}")
    written = init_project(tmp_path, template="empty", here=True)
    after = contents(tmp_path)
    assert (after["README.md"], after["profiles.yml"]) == ("mine", "mine: {}")
    assert after[".gitignore"].startswith("# mine\n.env\n*.log\n.lakesmith/\n")
    assert len(re.findall(r"^\.env$", after[".gitignore"], re.MULTILINE)) == 1
    assert tmp_path / ".gitignore" in written
    assert tmp_path / "profiles.yml" not in written
    assert init_project(tmp_path, template="empty", here=True) == []
    assert contents(tmp_path) == after


def test_here_wraps_a_dbt_project_without_touching_dbt(tmp_path):
    (tmp_path / "dbt_project.yml").write_text("# ours\nname: 'shop_marts'\nprofile: shop\nmodel-paths: [sql]\n")
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text("select 1")
    before = contents(tmp_path)
    written = init_project(tmp_path, template="empty", here=True)
    assert [path.name for path in written] == [".env.example", ".gitignore", "lakesmith.yml"]
    assert {name: text for name, text in contents(tmp_path).items() if name in before} == before
    assert load_project(tmp_path, host=Host(), environ={}).name == "shop_marts"


def test_a_dbt_project_without_a_name_is_told(tmp_path):
    (tmp_path / "dbt_project.yml").write_text("version: 1\n")
    with pytest.raises(UsageError, match=r"dbt_project\.yml has no name that can be read"):
        init_project(tmp_path, template="empty", here=True)
    assert contents(tmp_path) == {"dbt_project.yml": "version: 1\n"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Acme GmbH & Co", "acme_gmbh_co"),
        ("2026-sales", "project_2026_sales"),
        ("日本", "project"),
        ("x" * 80, "x" * 63),
        ("ß", "project"),
    ],
)
def test_folder_names_become_names(text, name):
    assert fold_name(text) == name
