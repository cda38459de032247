"""What pages say exists: commands and options, keys, errors, macros, links; in the words that DESIGN agrees on."""

from __future__ import annotations

import re
import shlex

import click
import pytest
import yaml
from docs_pages import LINK, ROOT, all_blocks, anchors, blocks, pages, prose
from docs_player import commands

from lakesmith import errors
from lakesmith.cli.main import COMMANDS, cli
from lakesmith.host import Host
from lakesmith.project import load_project

PAGES = pages()
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
PACKAGE = ROOT / "src" / "lakesmith" / "dbt" / "package" / "macros"
EMPTY_WORDS = ("simply", "just", "obviously", "easily", "seamless", "powerful", "blazing", "world-class")
SYNONYMS = {
    "dead letter": "quarantine", "dead-letter": "quarantine", "offset": "position", "bookmark": "position",
    "raw layer": "bronze", "staging area": "bronze", "schema evolution": "drift", "schema change policy": "drift",
    "dag": "plan", "job run": "run", "micro-batch": "batch", "data source": "source", "resultset": "table",
}  # fmt: skip
ELSEWHERE = re.compile(r"https?://|/tmp/|/home/|/work/|/root/|localhost|pypi\.|ghcr\.|docker\.io", re.IGNORECASE)


def command_lines() -> list[tuple[str, str]]:
    """Return every line of a block, and every code span, that calls lakesmith, with its place."""
    found = []
    for block in all_blocks("console"):
        found += [(block.where, command) for command, _ in commands(block) if command.startswith("lakesmith")]
    for block in all_blocks("sh"):
        found += [(block.where, line) for line in block.body.splitlines() if line.startswith("lakesmith")]
    for page in PAGES:
        spans = re.findall(r"`(lakesmith [^`]+)`", prose(page))
        found += [(page.name, span) for span in spans if not span.endswith(" …")]
    return found


LINES = command_lines()


def options_of(words: list[str]) -> tuple[set[str], bool]:
    """Return the options of the command that the words begin with, and whether it takes anything at all.

    Raises:
        click.UsageError: If there is no such command.
    """
    name = words.pop(0)
    command = cli.get_command(click.Context(cli), name)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        child = command.get_command(click.Context(command), words.pop(0))
        if child is None:
            raise click.UsageError(f"{name} has no such command")
        command = child
    known = {word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)}
    return known | {"--help", "-h"}, bool(command.context_settings.get("ignore_unknown_options"))


@pytest.mark.parametrize(("where", "line"), LINES, ids=[f"{where}: {line}" for where, line in LINES])
def test_every_command_and_option_exists(where, line):
    words = shlex.split(line)[1:]
    if words[0].startswith("-"):
        assert set(words) <= {"--help", "-h", "--version"}, where
        return
    known, takes_anything = options_of(words)
    used = {word.split("=")[0] for word in words if word.startswith("-") and word != "-"}
    assert takes_anything or used <= known, f"{where}: {used - known}"


def test_a_command_that_is_not_there_is_noticed():
    with pytest.raises(click.UsageError, match="no command 'lod'"):
        options_of(["lod"])
    with pytest.raises(click.UsageError, match="no such command"):
        options_of(["quarantine", "summary"])
    assert "--since" not in options_of(["run"])[0]


def test_every_command_is_shown_somewhere():
    shown = {shlex.split(line)[1] for _, line in LINES}
    assert set(COMMANDS) <= shown


def project_blocks():
    return [block for block in all_blocks("yaml") if "version: 1" in block.body and "sources:" in block.body]


@pytest.mark.parametrize("block", project_blocks(), ids=lambda block: block.where)
def test_every_project_file_shown_is_one(block, tmp_path):
    (tmp_path / ".env").write_text("SALT=sea\n", "utf-8")
    (tmp_path / "lakesmith.yml").write_text(block.body, "utf-8")
    config = load_project(tmp_path, host=Host())
    assert config.streams()


def test_every_block_of_yaml_is_yaml_and_some_are_projects():
    parsed = [yaml.safe_load(block.body) for block in all_blocks("yaml")]
    assert all(isinstance(one, dict) for one in parsed)
    assert len(project_blocks()) >= 2


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_error_named_exists(page):
    named = set(re.findall(r"`(?:errors\.)?([A-Z]\w+Error)`", page.read_text("utf-8")))
    unknown = {name for name in named if not hasattr(errors, name)} - {"ContractBrokenError", "ValueError"}
    assert unknown == set()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_macro_named_exists(page):
    sql = "\n".join(file.read_text("utf-8") for file in PACKAGE.glob("**/*.sql"))
    spans = (
        "\n".join(re.findall(r"`([^`\n]+)`", prose(page)))
        + "\n"
        + "\n".join(block.body for block in blocks(page) if block.language in ("sql", "yaml"))
    )
    named = set(re.findall(r"(?:\{\{ |\[|- |^)lakesmith\.(\w+)(?=\(|:|\]|$)", spans, re.MULTILINE))
    python = {"yml", "errors", "testing", "open", "sources", "engines", "publishers", "db", "model", "host"}
    assert [name for name in named - python if not re.search(rf"(macro|test) {name}\(", sql)] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    for to in LINK.findall(prose(page)):
        path, _, anchor = to.partition("#")
        target = page if not path else page.parent / path
        assert target.exists(), f"{page.name}: {to}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {to}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_file_named_is_there(page):
    named = re.findall(r"`((?:src|tests|docs|examples)/[\w./-]+)`", prose(page))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_sentences_are_plain_and_use_our_words(page):
    text = prose(page).lower()
    assert [word for word in EMPTY_WORDS if re.search(rf"\b{word}\b", text)] == []
    said = re.sub(r"`[^`]*`", "", text)  # what stands in code is somebody's own word: `paging: {type: offset}`
    assert {word: ours for word, ours in SYNONYMS.items() if re.search(rf"\b{word}s?\b", said)} == {}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_pages_speak_of_no_other_place(page):
    text = page.read_text("utf-8").replace("http://localhost:8686", "")  # the console, which is here
    assert ELSEWHERE.findall(text) == []


def test_blocks_are_of_languages_somebody_checks():
    known = {"console", "sh", "yaml", "python", "text", "sql", "csv", "diff", "toml", ""}
    assert {
        block.where: block.language for block in all_blocks(*({b.language for p in PAGES for b in blocks(p)} - known))
    } == {}


@pytest.mark.parametrize("block", all_blocks("python"), ids=lambda block: block.where)
def test_python_compiles(block):
    compile(block.body, block.where, "exec")
