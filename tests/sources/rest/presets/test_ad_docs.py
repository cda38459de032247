"""The pages about advertising platforms: their examples are projects, and they name every stream and setting that a user must know."""

import re
from pathlib import Path

import pytest
import yaml

import lakesmith
from lakesmith.model.streams import SourceContext
from lakesmith.project.connectors import Connectors
from lakesmith.sources.rest.presets.base import page_of

DOCS = Path(__file__).parents[4] / "docs" / "presets"
PLATFORMS = ("ga4", "google_ads", "amazon_ads")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_example_is_a_project_whose_streams_all_make_sense(platform, tmp_path, monkeypatch):
    text = re.search(r"```yaml\n(.*?)```", (DOCS / f"{platform}.md").read_text(), re.DOTALL)[1]
    for name in re.findall(r"\$\{env:(\w+)\}", text):
        monkeypatch.setenv(name, "a-secret")
    (tmp_path / "key.json").write_text("{}")
    text = re.sub(r"\$\{file:[^}]+\}", "${file:key.json}", text)
    (tmp_path / "lakesmith.yml").write_text(f"version: 1\nname: acme\n{text}")
    [config] = lakesmith.open(tmp_path).config.sources.values()
    source = Connectors.installed().source(platform)(SourceContext("x", config.options, tmp_path, config.streams))
    assert source.api().base_url.startswith("https://")
    for stream in config.streams:
        described = source.described(stream)
        assert source.key_of(stream)
        if stream.mode == "dedupe":
            assert described.incremental.look_back.days == 28
            assert "{since}" in str(described.model_dump())


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_page_names_streams_settings_and_needs(platform):
    text = (DOCS / f"{platform}.md").read_text()
    options = Connectors.installed().source(platform).Options.model_fields
    common = {"base_url", "allow_hosts", "rate", "retries", "token_url"}
    for name in [*page_of(platform)["streams"], *page_of(platform)["needs"], *(set(options) - common)]:
        assert f"`{name}`" in text or f"`{name}:" in text, name


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_needed_is_a_setting(platform):
    page = yaml.safe_load((DOCS.parents[1] / f"src/lakesmith/sources/rest/presets/{platform}.yml").read_text())
    assert set(page["needs"]) <= set(Connectors.installed().source(platform).Options.model_fields)
