"""Where a target's lake is, and how its bucket is reached: from the file, the environment and .env."""

import pytest

from lakesmith.errors import MissingValueError
from lakesmith.model.places import LakeAddress, Storage

HEAD = "version: 1\nname: acme\ntargets:\n"


def test_a_folder_and_its_catalog_are_absolute(folder):
    project = folder.load(
        HEAD + "  a: {}\n  b: {lake: raw, catalog: 'sqlite:///x/c.db?catalog=raw'}\n  c: {bronze: b}\n"
    )
    root = project.root
    assert project.lake_of(project.target("a"), {}) == LakeAddress(f"{root}/lake")
    there = LakeAddress(f"{root}/raw", f"sqlite:///{root}/x/c.db?catalog=raw")
    assert project.lake_of(project.target("b"), {}) == there
    assert project.lake_of(project.target("c"), {}) == there
    assert (there.catalog_name, there.catalog_kind) == ("raw", "sqlite")


def test_what_the_file_leaves_out_comes_from_the_environment(folder):
    project = folder.load(
        HEAD + "  a: {lake: s3://b/p/, catalog: 'sqlite:////c.db', storage: {region: eu-west-1}}\n"
        "  b: {lake: s3://c, catalog: 'sqlite:////d.db', storage: {access_key: '${env:K}', secret_key: '${env:S}'}}\n"
        "  c: {lake: gs://d, catalog: 'sqlite:////e.db'}\n",
        K="mine",
        S="secret",
    )
    environ = {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "theirs",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "t",
    }
    first, second, third = (project.lake_of(project.target(name), environ) for name in "abc")
    assert (first.root, first.catalog) == ("s3://b/p", "sqlite:////c.db")
    assert first.storage == Storage(None, "eu-west-1", None, False, "theirs", "x", "t")
    assert second.storage == Storage(None, "us-east-1", None, False, "mine", "secret")  # keys are never mixed
    assert third.storage == Storage()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:pw@db.example.com:5432/lakes?sslmode=require", "postgresql://db.example.com:5432/lakes"),
        ("postgresql://me:p%40w@db/lakes", "postgresql://db/lakes"),
        ("postgresql://me:pa?pw@db/lakes", "postgresql://…"),
        ("postgresql://me:12?pw@db/lakes", "postgresql://…"),
        ("postgresql://me:12/pw@db/lakes", "postgresql://…"),
        ("postgresql://db/lakes?user=me&password=pw", "postgresql://db/lakes"),
        ("rest+https://me:pw@catalog.example.com/api?token=pw", "rest+https://catalog.example.com/api"),
        ("glue://eu-west-1/1234", "glue://eu-west-1/1234"),
        ("sqlite:////srv/c.db?catalog=a", "sqlite:////srv/c.db"),
    ],
)
def test_a_catalog_is_shown_without_its_secrets(url, shown):
    assert LakeAddress("s3://b", url).catalog_place == shown
    assert "pw" not in repr(LakeAddress("s3://b", url))


def test_a_missing_password_is_told_by_its_line(folder):
    project = folder.load(HEAD + "  prod: {lake: s3://b, catalog: '${env:CATALOG_URL}'}\n")
    with pytest.raises(MissingValueError, match=r"lakesmith\.yml:4: \$\{env:CATALOG_URL\} has no value"):
        project.target("prod")
