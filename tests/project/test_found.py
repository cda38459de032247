"""Streams that a source found: merged with what the project says, which wins, for as long as the patterns are the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.errors import ProjectFileError
from lakesmith.host import Host
from lakesmith.model.streams import Discovery
from lakesmith.project import load_project
from lakesmith.project.found import keep_found
from lakesmith.project.load import keep_streams

FILE = ".lakesmith/found/shop.json"
SAID = {"mode": "replace"}
names = st.sets(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), max_size=5)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


class Project:
    """A project with one source that includes tables; no server is asked, for nothing here reads one."""

    def __init__(self, root):
        self.root = root

    def say(self, streams="", more="include: '*', "):
        text = (
            f"version: 1\nname: acme\nsources:\n  shop: {{type: postgres, url: 'postgresql://x/y', {more}{streams}}}\n"
        )
        (self.root / "lakesmith.yml").write_text(text)
        return self

    def keep(self, *found):
        return keep_streams(self.root, "shop", [Discovery(name, SAID) for name in found])

    def load(self, found=None):
        return load_project(self.root, host=Host(), found=found)

    def streams(self, found=None):
        return {spec.id.name: spec for spec in self.load(found).source("shop").streams}

    def modes(self):
        return {name: spec.mode for name, spec in self.streams().items()}


def test_what_was_found_is_a_stream_and_new_once(project):
    project.say()
    assert project.streams() == {}
    assert project.keep("orders", "people") == ("orders", "people")
    assert project.keep("people", "tags") == ("tags",)
    assert project.modes() == dict.fromkeys(("orders", "people", "tags"), "replace")
    assert project.streams()["tags"].where == f"{FILE}:1"


@settings(deadline=None, max_examples=25)
@given(listed=names, found=names, as_list=st.booleans())
def test_what_a_person_writes_wins_and_nothing_is_lost_or_doubled(tmp_path_factory, listed, found, as_list):
    project = Project(tmp_path_factory.mktemp("found"))
    said = f"[{', '.join(listed)}]" if as_list else ", ".join(f"{name}: {{mode: append}}" for name in listed)
    project.say(f"mode: append, streams: {said if as_list else f'{{{said}}}'}")
    project.keep(*found)
    wanted = {name: "append" if name in listed else "replace" for name in listed | found}
    assert project.modes() == wanted
    assert all(("found" in spec.where) == (name not in listed) for name, spec in project.streams().items())


@pytest.mark.parametrize("more", ["include: 'a*', ", "include: '*', exclude: b, ", "include: '*', schema: far, "])
def test_other_patterns_find_anew(project, more):
    project.say().keep("orders")
    assert project.say(more=more).streams() == {}
    project.keep("people")
    assert list(project.modes()) == ["people"]
    assert project.say().streams() == {}, "the file is of the patterns that found it"


def test_without_include_nothing_is_found_and_a_source_needs_streams(project):
    project.say().keep("orders")
    assert project.say("streams: [people]", more="").modes() == {"people": "replace"}
    with pytest.raises(ProjectFileError, match='missing key "streams": name what to load'):
        project.say(more="").load()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"patterns": {"include": "*"}, "streams": {"a": 1}}', '{"streams": 7}', "null"]
)
def test_a_broken_file_is_as_none(project, text):
    project.say().keep("orders")
    (project.root / FILE).write_text(text)
    assert project.streams() == {}
    assert project.keep("people") == ("people",)
    assert list(project.modes()) == ["people"]


@settings(deadline=None, max_examples=25)
@given(text=st.one_of(st.text(max_size=20), st.sampled_from(["${env:HOME}", "$${", "a$${b}", "${", "$$${file:x}"])))
def test_a_table_may_be_called_anything_and_is_no_reference(tmp_path_factory, text):
    project = Project(tmp_path_factory.mktemp("found")).say()
    written = text or "x"
    keep_found(project.root, "shop", {"include": "*"}, [Discovery("t", {**SAID, "table": written, "key": [written]})])
    (spec,) = project.streams().values()
    assert (spec.options.table, spec.key) == (written, (written,))


def test_what_is_not_kept_is_a_stream_this_once(project):
    project.say("streams: [people]")
    assert set(project.streams({"shop": {"orders": SAID}})) == {"people", "orders"}
    assert set(project.streams()) == {"people"}
    assert not (project.root / FILE).exists()


def test_a_table_that_comes_does_not_change_what_the_project_says(project):
    before = project.say().load().config_hash
    project.keep("orders")
    assert project.load().config_hash == before
    assert json.loads((project.root / FILE).read_text())["streams"] == {"orders": SAID}


def test_a_policy_for_what_is_new(project):
    assert project.say().load().source("shop").on_drift == "evolve"
    assert project.say("on_drift: freeze").load().source("shop").on_drift == "freeze"
