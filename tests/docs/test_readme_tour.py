"""The five minutes of README, command by command, with its change of a model and its Python."""

from __future__ import annotations

import pytest
from docs_pages import ROOT, blocks
from docs_player import Player, commands


def is_demo(block):
    return block.language == "console" and commands(block)[0][0] == "lakesmith demo"


TOUR = [block for block in blocks(ROOT / "README.md") if not is_demo(block)]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_tour_goes_as_readme_says(tmp_path, capsys):
    player = Player(tmp_path)
    for block in TOUR:
        player.play(block)
    result, sales, days = (player.names[name] for name in ("result", "sales", "days"))
    assert (result.state, result.ok) == ("nothing_new", True)
    assert capsys.readouterr().out.startswith("nothing_new True\n")
    assert len(sales) == len(player.names["project"].table("mart_monthly_sales"))
    assert days.column_names == ["day", "net_amount"]
    assert player.names["waiting"] == 58
    assert (player.folder / "warehouse" / "report" / "index.html").is_file()
