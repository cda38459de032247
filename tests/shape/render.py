"""Renders docs/drift.md from the drift table of the tests: `python tests/shape/render.py` writes it, `--check` compares."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from drift_table import CASES, CHANGES, EMPTIES, POLICIES

DOCS = HERE.parents[1] / "docs"
PAGE = DOCS / "drift.md"
MARK = "<!-- Written by tests/shape/render.py from docs/parts/drift.md and the drift table of the tests; do not edit. -->\n"


def table():
    """Return the changes and what each policy makes of them."""
    lines = [
        f"| the source … | {' | '.join(f'`{policy}`' for policy in POLICIES)} |",
        "| --- " * (len(POLICIES) + 1) + "|",
    ]
    lines += [f"| {change.title} | {' | '.join(change.words)} |" for change in CHANGES.values()]
    return "\n".join(lines)


def cases():
    """Return every case of the tests, with the row that `evolve` and `ignore` make of it."""
    lines = ["| change of `x` | before | now | value | row under `evolve` | under `ignore` |", "| --- " * 6 + "|"]
    for case in CASES:
        left_out = case.change in {"adds", "misfits", "widens"}
        cells = (spell(case.value), spell(case.row), spell(case.ignored if left_out else case.row))
        lines.append(
            f"| {case.title} | {kind(case.before)} | {kind(case.now)} | {' | '.join(f'`{cell}`' for cell in cells)} |"
        )
    return "\n".join(lines)


def empties():
    """Return what becomes of empty lists and objects."""
    lines = ["| type of `x` | value | row |", "| --- " * 3 + "|"]
    lines += [f"| {kind(case.before)} | `{spell(case.value)}` | `{spell(case.row)}` |" for case in EMPTIES]
    return "\n".join(lines)


def kind(of):
    return "–" if of is None else f"`{of}`"


def spell(value):
    return "–" if value is None else json.dumps(value)


def render():
    """Return the page."""
    text = (DOCS / "parts" / "drift.md").read_text("utf-8")
    return MARK + text.replace("{table}", table()).replace("{cases}", cases()).replace("{empties}", empties())


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text("utf-8") != render())
    PAGE.write_text(render(), "utf-8")
