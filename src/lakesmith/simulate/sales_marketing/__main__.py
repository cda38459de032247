"""Serve the company's platforms: `python -m lakesmith.simulate.sales_marketing FILE`, where FILE says which day it is."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from lakesmith.simulate.sales_marketing.business import SalesMarketing
from lakesmith.simulate.sales_marketing.platforms import Today, serve


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until standard input ends, or Ctrl-C.

    Args:
        arguments: The words of the command line. None means those of this process.
    """
    parser = argparse.ArgumentParser(prog="python -m lakesmith.simulate.sales_marketing", description=__doc__)
    parser.add_argument("file", type=Path, help="JSON with the day; one that is not there is made, for day 1")
    today = Today(parser.parse_args(arguments).file)
    if not today.file.exists():
        today.write(SalesMarketing(), 1)
    serve(today)


if __name__ == "__main__":
    main()
