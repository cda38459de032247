"""Make and change a database of your own: `python -m lakesmith.simulate.subscriptions URL --every 7200`."""

import argparse
import time
from collections.abc import Sequence
from datetime import date

from lakesmith.simulate.subscriptions.business import Subscriptions
from lakesmith.simulate.subscriptions.generator import Generator


def main(arguments: Sequence[str] | None = None) -> None:
    """Bring a database forward, batch by batch, and print what was written.

    Args:
        arguments: The words of the command line. None means those of this process.
    """
    parser = argparse.ArgumentParser(prog="python -m lakesmith.simulate.subscriptions", description=__doc__)
    parser.add_argument("url", help="PostgreSQL's: a database of its own, in which two schemas are made")
    parser.add_argument("--batches", type=int, help="how many, of two simulated hours each (default: until Ctrl-C)")
    parser.add_argument("--every", type=float, default=7_200.0, help="seconds between them (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="chooses the business (default: %(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies all that happens (default: %(default)s)")
    parser.add_argument(
        "--start", type=date.fromisoformat, default=date(2026, 10, 1), help="date of day 1 (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    generator = Generator(Subscriptions(seed=options.seed, scale=options.scale, start=options.start), options.url)
    if generator.tick() is None:
        generator.make()
    done = 0
    while options.batches is None or done < options.batches:
        time.sleep(options.every if done else 0)
        written = generator.advance()
        rows = ", ".join(f"{table} {count:,}" for table, count in written.items() if count)
        print(f"batch {generator.tick():>5,}  {rows or 'nothing'}", flush=True)
        done += 1


if __name__ == "__main__":
    main()
