"""Make demo data of any size: `python -m lakesmith.simulate ROOT --days 3`."""

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lakesmith.simulate.company import Company
from lakesmith.simulate.write import Delivery, deliver


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files of the first days and print what was written.

    Args:
        arguments: The words of the command line. None means those of this process.
    """
    parser = argparse.ArgumentParser(prog="python -m lakesmith.simulate", description=__doc__)
    parser.add_argument("root", type=Path, help="project folder; the files go to data/ below it")
    parser.add_argument("--days", type=int, default=3, help="number of days, from day 1 on (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="chooses the company (default: %(default)s)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="multiplies the rows of every file (default: %(default)s)"
    )
    parser.add_argument(
        "--start", type=date.fromisoformat, default=date(2026, 10, 1), help="date of day 1 (default: %(default)s)"
    )
    parser.add_argument(
        "--cut-short",
        type=int,
        action="append",
        default=[],
        metavar="DAY",
        help="break this day's companies off; repeatable",
    )
    options = parser.parse_args(arguments)
    company = Company(seed=options.seed, scale=options.scale, start=options.start)
    for day in range(1, options.days + 1):
        _report(deliver(company, options.root, day, cut_short=day in options.cut_short))


def _report(delivery: Delivery) -> None:
    for file in delivery.files:
        print(
            f"day {delivery.day}  {file.rows:>10,} rows  {file.broken:>6,} broken  {file.bytes:>14,} bytes  {file.path}"
        )


if __name__ == "__main__":
    main()
