"""The page about drift says what the tests hold: it is made from their own table."""

import runpy
from pathlib import Path

from drift_table import CASES, CHANGES

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "drift.md"


def test_the_page_is_up_to_date():
    made = runpy.run_path(str(HERE / "render.py"))["render"]()
    assert made == PAGE.read_text("utf-8"), "run `python tests/shape/render.py`"


def test_the_page_holds_every_change_and_every_case():
    text = PAGE.read_text("utf-8")
    assert all(word in text for change in CHANGES.values() for word in (change.title, *change.words))
    assert all(f"| {case.title} |" in text for case in CASES)
    assert "{table}" not in text
    assert "{cases}" not in text
    assert "{empties}" not in text
