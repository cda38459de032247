"""How often detectors of volume alarm, and how often they ought to: ours, and the z-score that other tools use, on series whose truth is known.

Usage: `python bench/detectors.py [--trials 1000]` prints a table for every series. Rivals are written from the descriptions of their
methods, and are not runs of products: the mean and the deviation of 14 days, alarm above 3 deviations. The newest day is one of the 14 unless it
is left out; with seasonality, the 14 are the same weekdays. What lasts goes on for
the days that our judgement names (28 if it names none), and is found if any of them is.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from measuring import Result

from lakesmith.monitor.judging.series import Day
from lakesmith.monitor.judging.volume import Counted, days_to_tell, judge_volume
from lakesmith.simulate.agency.world import Agency
from lakesmith.simulate.agency.world import days as agency_days
from lakesmith.simulate.company import Company
from lakesmith.simulate.sales_marketing.business import SalesMarketing
from lakesmith.simulate.sales_marketing.world import World
from lakesmith.simulate.subscriptions.business import TICKS_PER_DAY, Subscriptions
from lakesmith.simulate.subscriptions.life import Life
from lakesmith.simulate.subscriptions.records import TABLES

DAYS = 101
NIGHT = datetime(2026, 11, 22, 6, tzinfo=UTC)
WINDOW, LEAST, DEVIATIONS = 14, 7, 3
SATURDAY, WEEKEND = 5, 0.3
SEEDS = tuple(range(11, 36))
"""Companies that nothing was tuned on."""
COMPANY_DAYS, JUDGED_DAYS = 150, 40
ASKED = ("false alarm", "30 % less", "half", "empty", "twice", "second half day", "half that lasts", "empty, lasts")
LONGEST = 28

Series = list[Day]
Detector = Callable[[Series], bool]
Change = Callable[[int, Random], int]


@dataclass(frozen=True)
class Figures:
    """Shares of trials in which a detector alarmed, in the order of `ASKED`; `days` is how long half lasted, in the middle."""

    shares: tuple[float, ...]
    trials: int
    days: int

    def __getitem__(self, name: str) -> float:
        return self.shares[ASKED.index(name)]


def ours(series: Series, *, is_level: bool = False) -> bool:
    """The detector of `monitor.judging.volume`."""
    counted = Counted("bench.rows", tuple(series), is_level=is_level)
    return judge_volume(counted, at=NIGHT).verdict in ("warn", "bad")


def z_score(series: Series, *, excludes_newest: bool = False, by_weekday: bool = False) -> bool:
    """Alarm if the newest day is more than three deviations from the mean of 14 days."""
    newest = series[-1]
    days = [one for one in series if not by_weekday or one.day.weekday() == newest.day.weekday()]
    window = days[:-1][-WINDOW:] if excludes_newest else days[-WINDOW:]
    values = [one.rows for one in window]
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return len(values) >= LEAST and spread > 0 and abs(newest.rows - statistics.fmean(values)) / spread > DEVIATIONS


OURS = "seasonal robust (ours)"
DETECTORS: dict[str, Detector] = {
    "z, 14 days (default)": z_score,
    "z, newest left out": lambda series: z_score(series, excludes_newest=True),
    "z, same weekdays": lambda series: z_score(series, by_weekday=True),
    OURS: ours,
}


def ours_by_level(series: Series) -> bool:
    """The same, of tables that are replaced."""
    return ours(series, is_level=True)


def _days(luck: Random, rows: Callable[[int, date], float]) -> Series:
    start = date(2026, 1, 1) + timedelta(luck.randrange(365))
    return [Day(start + timedelta(n), max(0, round(rows(n, start + timedelta(n))))) for n in range(DAYS)]


def _week(day: date) -> float:
    return 1.0 if day.weekday() < SATURDAY else WEEKEND


def flat(luck: Random) -> Series:
    return _days(luck, lambda _n, _day: 1000 * math.exp(luck.gauss(0, 0.05)))


def weekday(luck: Random, growth: float = 0.0, month_end: float = 1.0, noise: float = 0.08) -> Series:
    def rows(n: int, day: date) -> float:
        usual = 1000 * _week(day) * (1 + growth) ** n
        return usual * math.exp(luck.gauss(0, noise)) * (month_end if (day + timedelta(1)).day == 1 else 1)

    return _days(luck, rows)


def working_days(luck: Random) -> Series:
    series = _days(luck, lambda _n, day: 1000 * math.exp(luck.gauss(0, 0.08)) if day.weekday() < SATURDAY else 0)
    while series[-1].rows == 0:
        series.pop()
    return series


def shifted(luck: Random) -> Series:
    """The table has half its rows more for the last 30 days: a new customer, and no fault."""
    return _days(
        luck,
        lambda n, day: 1000 * _week(day) * (1.5 if n > DAYS - 30 else 1) * math.exp(luck.gauss(0, 0.08)),
    )


def poisson(luck: Random, mean: float) -> int:
    count, share, left = 0, math.exp(-mean), luck.random()
    total = share
    while left > total:
        count += 1
        share *= mean / count
        total += share
    return count


SERIES: dict[str, Callable[[Random], Series]] = {
    "flat, 5 % noise": flat,
    "weekday, 8 % noise": weekday,
    "weekday, 15 % noise": lambda luck: weekday(luck, noise=0.15),
    "weekday, 1 % a day growth": lambda luck: weekday(luck, growth=0.01),
    "constant 1,000": lambda luck: _days(luck, lambda _n, _day: 1000),
    "small, Poisson of 8": lambda luck: _days(luck, lambda _n, _day: poisson(luck, 8)),
    "four times at the end of a month": lambda luck: weekday(luck, month_end=4.0),
    "working days alone": working_days,
    "half more since 30 days": shifted,
}


def company_log(seed: int) -> Series:
    """Return what the web log of a demo company gets each day."""
    start = date(2026, 3, 2)
    company = Company(seed=seed, start=start)
    return [Day(start + timedelta(n), company.log_lines(n + 1)) for n in range(COMPANY_DAYS)]


def subscriptions_rows(seed: int, start: date) -> dict[str, list[int]]:
    """Return the rows that the subscription business writes each day, as loads every two hours see them; of replaced tables those there are."""
    life = Life(Subscriptions(seed=seed, start=start))
    rows: dict[str, list[int]] = {name: [] for name in TABLES.values()}
    there: dict[str, set[int]] = {name: set() for name in rows}
    for one in life.writes[0]:
        there[TABLES[type(one)]].add(one.number)
    for _ in range(COMPANY_DAYS):
        came: Counter[str] = Counter()
        for _ in range(TICKS_PER_DAY):
            life.live()
            written = {(TABLES[type(one)], one.number) for one in life.writes[life.tick]}
            came.update(table for table, _ in written)
            for table, number in written:
                there[table].add(number)
        for name, counts in rows.items():
            counts.append(len(there[name]) if name in ("plans", "cards") else came[name])
    return {f"{name} (replaced)" if name in ("plans", "cards") else name: counts for name, counts in rows.items()}


def company_series(seed: int) -> dict[str, list[Series]]:
    """Return what the tables of the demo companies get each day, after their first; some tables of each."""
    start = date(2026, 3, 2)
    agency = agency_days(Agency(seed=seed), COMPANY_DAYS)
    world = World(SalesMarketing(seed=seed, start=start))
    collections, tickets = [], []
    for n in range(COMPANY_DAYS):
        collections.append(Counter(one["collection"] for one in world.day(n + 1)))
        tickets.append(len(world.documents["tickets"]))
    found = {"b2b-sales, log": [one.rows for one in company_log(seed)]}
    found |= {
        f"sales-marketing, {name}": [one[name] for one in collections] for name in ("events", "orders", "customers")
    }
    found["sales-marketing, tickets (replaced)"] = tickets
    found |= {f"subscriptions, {name}": rows for name, rows in subscriptions_rows(seed, start).items()}
    found |= {
        f"agency, {name}": [len(getattr(one, name)) for one in agency] for name in ("records", "projects", "mails")
    }
    return {name: [days_of(start, counts)] for name, counts in found.items()}


def days_of(start: date, counts: Sequence[int]) -> Series:
    """Return the days of a table, after its first."""
    return [Day(start + timedelta(n), rows) for n, rows in enumerate(counts)][1:]


def _less(share: float, *, is_small: bool) -> Change:
    return lambda rows, luck: poisson(luck, 8 * share) if is_small else round(rows * share)


def figures(name: str, detector: Detector, trials: int) -> Figures:
    """Return how often a detector alarms on a series; equal seeds make equal figures."""
    luck = Random(name)
    made = (SERIES[name](luck) for _ in range(trials))
    return _count(made, detector, Random(f"{name}, changes"), is_small=name.startswith("small"))


def company_figures(
    series: Sequence[Series], detector: Detector, *, is_level: bool = False, judged_days: int = JUDGED_DAYS
) -> Figures:
    """Return how often a detector alarms on the last days of companies' tables; `is_level`: the tables are replaced."""
    made = (one[: len(one) - back] for one in series for back in range(judged_days))
    return _count(made, detector, Random(0), is_small=False, is_level=is_level)


def _count(
    made: Iterator[Series], detector: Detector, luck: Random, *, is_small: bool, is_level: bool = False
) -> Figures:
    hits, lasted, kept = [0] * len(ASKED), [], Random(1)
    changes = [_less(share, is_small=is_small) for share in (0.7, 0.5, 0.0, 2.0)]
    for series in made:
        *before, newest = series
        cases = [series, *([*before, Day(newest.day, change(newest.rows, luck))] for change in changes)]
        yesterday = Day(before[-1].day, changes[1](before[-1].rows, luck))
        cases.append([*before[:-1], yesterday, Day(newest.day, changes[1](newest.rows, luck))])
        for number, case in enumerate(cases):
            hits[number] += detector(case)
        lasted.append(days_to_tell(Counted("bench.rows", tuple(series), is_level=is_level)) or LONGEST)
        half = [Day(one.day, one.rows // 2 if is_level else _kept(one.rows, kept)) for one in series[-lasted[-1] :]]
        case = [*series[: -lasted[-1]], *half]
        hits[-2] += any(detector(case[: len(case) - back]) for back in range(lasted[-1]))
        case = [*series[: -lasted[-1]], *[Day(one.day, 0) for one in series[-lasted[-1] :]]]
        hits[-1] += any(detector(case[: len(case) - back]) for back in reversed(range(lasted[-1])))
    return Figures(tuple(round(hit / len(lasted), 4) for hit in hits), len(lasted), statistics.median_low(lasted))


def _kept(rows: int, luck: Random) -> int:
    """Return how many rows are left if each of them is lost or not, by a coin."""
    return luck.getrandbits(rows).bit_count() if rows else 0


def run_detectors(trials: int) -> Iterator[Result]:
    """Every series under every detector; `peers` holds the shares of trials with an alarm."""
    companies: dict[str, list[Series]] = {}
    for seed in SEEDS[: max(1, trials // JUDGED_DAYS)]:
        for name, series in company_series(seed).items():
            companies.setdefault(name, []).extend(series)
    for name in (*SERIES, *companies):
        began, is_level = time.perf_counter(), name.endswith("(replaced)")
        told = {
            one: figures(name, detector, trials)
            if name in SERIES
            else company_figures(companies[name], detector, is_level=is_level)
            for one, detector in (DETECTORS | ({OURS: ours_by_level} if is_level else {})).items()
        }
        peers = {f"{one}: {what} (a share)": found[what] for one, found in told.items() for what in ASKED}
        peers |= {"days that half lasts (a count)": told[OURS].days, "trials (a count)": told[OURS].trials}
        yield Result(name=f"detectors: {name}", seconds=round(time.perf_counter() - began, 3), peers=peers)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000, help="series of each kind (default: 1000)")
    asked = parser.parse_args()
    print(" " * 26 + "".join(f"{what:>16}" for what in ASKED))
    for one in run_detectors(asked.trials):
        days = one.peers["days that half lasts (a count)"]
        print(f"{one.name.removeprefix('detectors: ')}: half lasts {days} {'day' if days == 1 else 'days'}")
        for name in DETECTORS:
            shares = (one.peers[f"{name}: {what} (a share)"] for what in ASKED)
            print(f"  {name:<24}" + "".join(f"{share:>16.3f}" for share in shares), flush=True)


if __name__ == "__main__":
    main()
