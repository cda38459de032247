"""What README shows of the demo is what the demo prints."""

from __future__ import annotations

import pytest
from docs_pages import ROOT, blocks
from docs_player import Player, commands

DEMO = [b for b in blocks(ROOT / "README.md") if b.language == "console" and commands(b)[0][0] == "lakesmith demo"]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_demo_prints_what_readme_says(tmp_path):
    assert len(DEMO) == 1
    Player(tmp_path).play(DEMO[0])
    assert (tmp_path / "lakesmith-demo" / "warehouse" / "report" / "index.html").is_file()
