"""Targets beside each other: one loads, others read its bronze."""

import pytest

from lakesmith.errors import ProjectFileError
from lakesmith.host import Host
from lakesmith.project import load_project

HEAD = "version: 1\nname: acme\nsources: {crm: {type: files, streams: {people: {files: '*.csv'}}}}\n"


def load(folder, text):
    (folder / "lakesmith.yml").write_text(HEAD + text)
    return load_project(folder, host=Host())


def test_a_target_reads_the_bronze_of_another_and_loads_nothing(tmp_path):
    config = load(
        tmp_path,
        "targets:\n  prod: {lake: s}\n  dev: {bronze: prod, sample: 30d}\n  all: {bronze: prod, ingest: false}\n",
    )
    dev = config.target("dev")
    assert (dev.ingest, dev.sample.days, config.target("all").ingest, config.target("prod").ingest) == (
        False,
        30,
        False,
        True,
    )
    assert config.lake_of(dev) == config.lake_of(config.target("prod"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("targets:\n  prod: {lake: s}\n  dev: {lake: ./s}\n", r':6: targets\.dev\.lake: the target "prod" loads into this lake: write `bronze: prod`'),
        ("targets:\n  prod: {}\n  dev: {}\n", r':6: targets\.dev\.lake: the target "prod" loads into this lake'),
        ("targets:\n  prod: {}\n  dev: {bronze: prod, ingest: true}\n", r":6: targets\.dev\.ingest: a target that reads the bronze of another cannot load"),
        ("targets:\n  prod: {}\n  dev: {bronze: prod}\n  me: {bronze: dev}\n", r':7: targets\.me\.bronze: "dev" reads the bronze of another target itself'),
        ("targets:\n  prod: {}\n  dev: {bronze: dev}\n", r':6: targets\.dev\.bronze: "dev" is no other target'),
    ],
)  # fmt: skip
def test_who_would_load_into_the_lake_of_another_is_refused_by_name(tmp_path, text, fault):
    with pytest.raises(ProjectFileError, match=fault):
        load(tmp_path, text)


def test_a_target_beside_local_may_use_its_folder_or_not_load(tmp_path):
    assert load(tmp_path, "targets:\n  prod: {}\n  other: {ingest: false}\n").target("other").lake == "lake"


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("{select: marts, format: parquet}", r"publish\.out: needs a `path`: format parquet writes files"),
        ("{select: marts, format: postgres, url: 'postgresql://a:b@c/d', path: x}", r"publish\.out\.path: is for formats that write files; postgres has keys of its own"),
        ("{select: marts, format: postgres}", r'publish\.out: missing key "url"'),
        ("{select: marts, format: postgres, url: 'postgresql://a:b@c/d', mode: upsert}", r"publish\.out: needs a `key` with `mode: upsert`"),
        ("{select: marts, format: postgres, url: 'postgresql://a:b@c/d', into: x}", r'publish\.out: unknown key "into"'),
    ],
)  # fmt: skip
def test_a_publication_says_a_path_where_files_are_written_and_only_there(tmp_path, entry, fault):
    with pytest.raises(ProjectFileError, match=fault):
        load(tmp_path, f"publish:\n  out: {entry}\n")


def test_a_publication_into_a_database_needs_no_path(tmp_path):
    (tmp_path / ".env").write_text("URL=postgresql://a:geheim@c/d\n")
    text = "publish:\n  out: {select: marts, format: postgres, url: '${env:URL}', schema: s, key: id}\n"
    config = load(tmp_path, text)
    entry = config.publication("out")
    assert (entry.path, entry.options.schema_, entry.options.key) == (None, "s", ("id",))
    assert "geheim" not in repr(config)


def test_a_target_that_only_reads_publishes_into_no_database_unless_it_is_named(tmp_path):
    (tmp_path / ".env").write_text("URL=postgresql://a:b@c/d\n")
    text = (
        "targets: {prod: {}, dev: {bronze: prod}}\npublish:\n  files: {select: x, format: csv, path: p}\n"
        "  base: {select: x, format: postgres, url: '${env:URL}'}\n"
        "  both: {select: x, format: postgres, url: '${env:URL}', targets: [dev, prod]}\n"
        "  one: {select: x, format: csv, path: q, targets: [prod]}\n"
    )
    config = load(tmp_path, text)
    by_target = {
        name: [entry.name for entry in config.publish.values() if entry.published_on(config.target(name))]
        for name in ("prod", "dev", "local")
    }
    assert by_target == {
        "prod": ["files", "base", "both", "one"],
        "dev": ["files", "both"],
        "local": ["files", "base"],
    }
    with pytest.raises(ProjectFileError, match=r'publish\.one\.targets: there is no target "prd", did you mean "prod"'):
        load(tmp_path, text.replace("[prod]", "[prd]"))
