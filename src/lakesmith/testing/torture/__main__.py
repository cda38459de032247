"""`python -m lakesmith.testing.torture`: the whole proof, a quick part of it, or one history by its seed."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lakesmith.testing.torture import victims
from lakesmith.testing.torture.campaigns import (
    QUICK,
    Budget,
    Found,
    catch_mutants,
    explain,
    kill_everywhere,
    kill_files,
    kill_randomly,
    make_trouble_everywhere,
    play_histories,
)
from lakesmith.testing.torture.report import Report

PARTS = ("points", "files", "random", "faults", "mutants", "histories", "postgres", "mongodb")


def main(words: list[str] | None = None) -> int:
    """Do what the command line asks; return 0 if nothing is broken."""
    asked = _parse(words)
    victims.import_everything()
    if asked.seed is not None:
        return _replay_server(asked) if asked.part in (["postgres"], ["mongodb"]) else _replay(asked.seed)
    report = Report()
    place = Path(tempfile.mkdtemp(prefix="torture-", dir=asked.tmp))
    try:
        for part in asked.part or PARTS:
            began = time.perf_counter()
            _DO[part](_budget(asked), place / part, report)
            report.seconds[part] = time.perf_counter() - began
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if asked.out is not None:
        report.write(asked.out)
    for text in report.broken:
        say(f"BROKEN {text}\n")
    figures = report.as_json()
    say(
        f"lost {figures['lost']}, doubled {figures['doubled']}, unreadable {figures['unreadable']}, all {len(report.broken)}; {figures['seconds']} s"
    )
    return 1 if report.broken else 0


def _parse(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lakesmith.testing.torture", description=__doc__)
    parser.add_argument(
        "--seed",
        type=int,
        help="play the history of this seed, tell it, and make it shorter if it breaks a law; with --part postgres or mongodb one of these",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a small part of everything but the mutants, in about a minute"
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be said more than once")
    parser.add_argument("--histories", type=int, help="how many histories to play")
    parser.add_argument("--towns", type=int, help="how many histories of a PostgreSQL server to play")
    parser.add_argument("--markets", type=int, help="how many histories of a MongoDB server to play")
    parser.add_argument("--steps", type=int, help="how many operations each of these has")
    parser.add_argument("--no-mutants", action="store_true", help="leave out the mutants")
    parser.add_argument("--kills", type=int, help="how many kills at random times")
    parser.add_argument("--first-seed", type=int, default=0, help="the seed of the first history")
    parser.add_argument("--workers", type=int, default=2, help="how many processes work at the same time")
    parser.add_argument(
        "--out", type=Path, help="the folder for torture.json and torture.md; nothing is written without it"
    )
    parser.add_argument("--tmp", type=Path, help="the folder for lakes that are killed; a temporary one if not given")
    return parser.parse_args(words)


def _budget(asked: argparse.Namespace) -> Budget:
    budget = replace(QUICK if asked.quick else Budget(), workers=asked.workers, first_seed=asked.first_seed)
    budget = budget if asked.histories is None else replace(budget, histories=asked.histories)
    budget = budget if asked.towns is None else replace(budget, towns=asked.towns)
    budget = budget if asked.markets is None else replace(budget, markets=asked.markets)
    budget = budget if asked.steps is None else replace(budget, town_steps=asked.steps, market_steps=asked.steps)
    budget = replace(budget, mutant_seeds=0) if asked.no_mutants else budget
    return budget if asked.kills is None else replace(budget, random_kills=asked.kills)


def _replay(seed: int) -> int:
    from lakesmith.testing.torture.world import pausing

    with pausing():
        told = explain(seed)
    say(told)
    return 0 if "BROKEN" not in told else 1


def _replay_server(asked: argparse.Namespace) -> int:
    from lakesmith.testing.torture.mongodb.campaign import PART as MONGODB
    from lakesmith.testing.torture.postgres.campaign import PART as POSTGRES

    budget = _budget(asked)
    with tempfile.TemporaryDirectory(prefix="torture-", dir=asked.tmp) as place:
        if asked.part == ["mongodb"]:
            told = MONGODB.replay(asked.seed, budget.market_steps, Path(place))
        else:
            told = POSTGRES.replay(asked.seed, budget.town_steps, Path(place))
    say(told)
    return 0 if "BROKEN" not in told else 1


def say(text: str) -> None:
    """Tell people how it goes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _points(budget: Budget, place: Path, report: Report) -> None:
    from lakesmith.testing.torture.ordeals import ORDEALS

    report.parts["points"] = kill_everywhere(budget, ORDEALS, place, say)


def _files(budget: Budget, place: Path, report: Report) -> None:
    report.parts["files"] = kill_files(budget, place, say)


def _random(budget: Budget, place: Path, report: Report) -> None:
    from lakesmith.testing.torture.ordeals import ORDEALS

    report.parts["random"] = kill_randomly(budget, ORDEALS, place, say)


def _faults(budget: Budget, place: Path, report: Report) -> None:
    report.faults = make_trouble_everywhere(budget, place, say)


def _mutants(budget: Budget, place: Path, report: Report) -> None:
    if budget.mutant_seeds:
        report.parts["mutants"] = catch_mutants(budget, say, place)


def _histories(budget: Budget, _place: Path, report: Report) -> None:
    found: Found = play_histories(budget, say)
    report.parts["histories"] = found


def _postgres(budget: Budget, place: Path, report: Report) -> None:
    from lakesmith.testing.torture.postgres.campaign import PART

    report.parts["postgres"] = PART.torture(budget, budget.towns, budget.town_steps, place, say)


def _mongodb(budget: Budget, place: Path, report: Report) -> None:
    from lakesmith.testing.torture.mongodb.campaign import PART

    report.parts["mongodb"] = PART.torture(budget, budget.markets, budget.market_steps, place, say)


_DO: dict[str, Callable[[Budget, Path, Report], None]] = {
    "points": _points,
    "files": _files,
    "random": _random,
    "faults": _faults,
    "mutants": _mutants,
    "histories": _histories,
    "postgres": _postgres,
    "mongodb": _mongodb,
}

if __name__ == "__main__":
    sys.exit(main())
