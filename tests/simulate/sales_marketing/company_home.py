"""A project of the template that lives through days, its sources being files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from e2e_home import Home
from files_stage import Stage, settings

import lakesmith
from lakesmith.simulate.sales_marketing import SALES_MARKETING_MARTS, SalesMarketing, World, sales_marketing_truth


def new_home(root: Path, *more: str) -> Home:
    """Make a project of the template in a new folder below `root`, with sources of files, and what else its file says."""
    made = Home(root).lakesmith("init", "acme", "--template", "sales-marketing")
    assert made.code == 0, made.err
    home = Home(root / "acme")
    (home.root / "lakesmith.yml").write_text(
        "".join([settings().replace("name: sales_marketing", "name: acme"), *more])
    )
    return home


class Company:
    """The company, its project, and the days that were loaded."""

    def __init__(self, home: Home, business: SalesMarketing) -> None:
        self.home, self.business, self.loads = home, business, []
        self.stage = Stage(home.root, World(business))

    def day(self, number: int, *, loads: bool = True) -> dict:
        """Live a day, and load it; return what the run says."""
        self.stage.deliver(number)
        if not loads:
            return {}
        self.loads.append(number)
        return self.home.run("--date", f"2026-10-{number:02d}").json()

    def differences(self) -> dict[str, list[str]]:
        """Return by mart at most ten rows that mart and truth do not share, without marts that are right."""
        truth = sales_marketing_truth(self.business, self.loads)
        project = lakesmith.open(self.home.root)
        found = {}
        for mart, columns in SALES_MARKETING_MARTS.items():
            table = project.table(f"marts.{mart}").to_arrow()
            assert table.column_names == [*columns, "_ls_built_at"]
            got, wanted = (
                Counter(tuple(row.values()) for row in table.select(list(columns)).to_pylist()),
                Counter(truth[mart]),
            )
            assert wanted
            found[mart] = [f"missing {row}" for row in wanted - got][:5] + [f"extra {row}" for row in got - wanted][:5]
        return {mart: rows for mart, rows in found.items() if rows}
