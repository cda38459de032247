"""The pages that show something being done, played from the first block to the last."""

from __future__ import annotations

import pytest
from docs_pages import ROOT, blocks
from docs_player import Player


@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["data-way.md", "demo-company.md", "files.md", "web-logs.md", "documents.md"])
def test_the_page_prints_what_it_says(tmp_path, name):
    played = [block for block in blocks(ROOT / "docs" / name) if block.file or block.language in ("console", "diff")]
    assert any(block.language == "console" for block in played)
    player = Player(tmp_path)
    for block in played:
        player.play(block)
