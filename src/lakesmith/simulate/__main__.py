"""Make demo data of any size: `python -m lakesmith.simulate ROOT --days 3`."""

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lakesmith.simulate.agency import Agency, deliver_agency
from lakesmith.simulate.company import Company
from lakesmith.simulate.write import Delivery, deliver

B2B_SALES, AGENCY = "b2b-sales", "agency"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files of the first days and print what was written.

    Args:
        arguments: The words of the command line. None means those of this process.
    """
    parser = argparse.ArgumentParser(prog="python -m lakesmith.simulate", description=__doc__)
    parser.add_argument("root", type=Path, help="project folder; the files go to data/ below it")
    parser.add_argument(
        "--template",
        choices=(B2B_SALES, AGENCY),
        default=B2B_SALES,
        help="the template of the project the data is for (default: %(default)s)",
    )
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
        help="b2b-sales: break this day's companies off; repeatable",
    )
    parser.add_argument(
        "--store", help="agency: where the projects go, a folder or s3://bucket/prefix (default: data/store below root)"
    )
    options = parser.parse_args(arguments)
    if options.template == AGENCY:
        agency = Agency(seed=options.seed, scale=options.scale, start=options.start)
        for day in range(1, options.days + 1):
            _report(deliver_agency(agency, options.root, day, store=options.store))
        return
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
