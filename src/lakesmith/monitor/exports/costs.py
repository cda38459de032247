"""What runs used up, and what that costs: each charge is of one resource in one step of one run, and none is counted twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, func, select

from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp

WORK, FAILURES, RETRIES, AROUND, IDLE = "work", "failures", "retries", "around", "idle"
CPU, READ, WRITTEN, WAITING = "cpu", "bytes_read", "bytes_written", "waiting"
KINDS: Mapping[str, str] = {
    FAILURES: "failures",
    RETRIES: "retries",
    AROUND: "around the steps",
    IDLE: "idle",
}
"""What is no work on a table that came to its end, in the words of a person."""
_FAILED = ("failed", "stopped", "skipped", "lost")
MICRO = 6
"""Digits of a second that are told."""
_HOUR, _GIGABYTE = Decimal(3600), Decimal(10) ** 9
FOCUS = (
    "BilledCost",
    "EffectiveCost",
    "BillingCurrency",
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ListUnitPrice",
    "ServiceName",
    "SkuId",
    "ResourceId",
    "Tags",
)
"""Columns of the FOCUS specification that apply here, by its names."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of a resource costs."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A quantity of a resource that a run used up; `amount` is None where nobody said a price.

    `kind`: work; failures (a step that did not come to its end); retries (a run that was tried before); around (a run's processor
    time that is of no step); idle (its time in which no processor worked for it).
    """

    run_id: str
    step: str
    subject: str
    kind: str
    resource: str
    quantity: Decimal
    unit: str
    began: str
    ended: str
    price: Price | None = None

    @property
    def amount(self) -> Decimal | None:
        """What it costs."""
        return None if self.price is None else self.quantity * self.price.amount


@dataclass(slots=True)
class Line:
    """Charges added up under one name. `amounts` are by currency; `rows` are those that loads wrote meanwhile, None where none could.

    `unpriced` says that some of it has no price.
    """

    name: str
    kind: str
    cpu_s: Decimal = Decimal(0)
    bytes_read: int = 0
    bytes_written: int = 0
    waiting_s: Decimal = Decimal(0)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    rows: int | None = None
    unpriced: bool = False

    def add(self, charge: Charge) -> None:
        """Add a charge."""
        if charge.resource == CPU:
            self.cpu_s += charge.quantity
        elif charge.resource == READ:
            self.bytes_read += int(charge.quantity)
        elif charge.resource == WRITTEN:
            self.bytes_written += int(charge.quantity)
        elif charge.resource == WAITING:
            self.waiting_s += charge.quantity
        if charge.price is None or charge.amount is None:
            self.unpriced = True
        else:
            self.amounts[charge.price.currency] = self.amounts.get(charge.price.currency, Decimal(0)) + charge.amount

    def per_million(self, amount: Decimal) -> Decimal | None:
        """Return what a million rows cost, of an amount of this line; None without rows."""
        return amount * 1_000_000 / self.rows if self.rows else None


def prices_of(settings: Any) -> dict[str, Price]:
    """Return the price of a unit (a second, a byte) of every resource that the section `monitor.prices` names one for."""
    said = {
        CPU: (settings.cpu_hour, _HOUR),
        WAITING: (settings.idle_hour, _HOUR),
        READ: (settings.gb_scanned, _GIGABYTE),
        WRITTEN: (settings.gb_stored, _GIGABYTE),
    }
    return {
        resource: Price(Decimal(repr(price)) / per, settings.currency)
        for resource, (price, per) in said.items()
        if price is not None
    }


def charges(
    connection: Connection, target: str, span: tuple[datetime, datetime], prices: Mapping[str, Price]
) -> Iterator[Charge]:
    """Yield what the runs of a target used up that ended in a span of time, its end not included; oldest run first."""
    run, cost, step = tables.run, tables.cost, tables.run_step
    ended = (run.c.target == target, run.c.finished_at >= stamp(span[0]), run.c.finished_at < stamp(span[1]))
    whole = (run.c.run_id, run.c.started_at, run.c.finished_at, run.c.cpu_s)
    spent = func.sum(cost.c.quantity).filter(cost.c.resource == CPU)
    query = select(*whole, spent).outerjoin(cost, cost.c.run_id == run.c.run_id).where(*ended).group_by(*whole)
    runs: Iterable[Any] = connection.execute(query.order_by(run.c.finished_at))
    for run_id, began, end, cpu_s, steps_s in runs:
        yield from _of_run((run_id, began, end), cpu_s, steps_s, prices)
    same = and_(step.c.run_id == cost.c.run_id, step.c.step == cost.c.step)
    told = (cost, step.c.state.label("state"), step.c.attempt.label("attempt"), run.c.started_at, run.c.finished_at)
    detail = select(*told).select_from(cost.join(run, run.c.run_id == cost.c.run_id).outerjoin(step, same))
    detail = detail.where(*ended).order_by(run.c.finished_at, cost.c.cost_id).execution_options(yield_per=5_000)
    for row in connection.execute(detail).mappings():
        yield _of_step(row, prices)


def _of_run(
    run: tuple[str, str, str], cpu_s: float | None, steps_s: float | None, prices: Mapping[str, Price]
) -> Iterator[Charge]:
    run_id, began, ended = run
    if cpu_s is None:
        return
    around = round(max(Decimal(0), _exact(cpu_s) - _exact(steps_s or 0)), MICRO)
    wall = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)) / timedelta(seconds=1)
    idle = round(max(Decimal(0), _exact(wall) - _exact(cpu_s)), MICRO)
    for kind, resource, seconds in ((AROUND, CPU, around), (IDLE, WAITING, idle)):
        if seconds:
            yield Charge(run_id, "", "", kind, resource, seconds, "s", began, ended, prices.get(resource))


def _of_step(row: Mapping[Any, Any], prices: Mapping[str, Price]) -> Charge:
    own = None if row["price"] is None or not row["currency"] else Price(_exact(row["price"]), row["currency"])
    kind = FAILURES if row["state"] in _FAILED else RETRIES if (row["attempt"] or 1) > 1 else WORK
    return Charge(
        row["run_id"],
        row["step"],
        row["subject"] or row["step"],
        kind,
        row["resource"],
        _exact(row["quantity"]),
        row["unit"],
        row["started_at"],
        row["finished_at"],
        own or prices.get(row["resource"]),
    )


def lines_of(found: Iterable[Charge], name_of: Callable[[Charge], str], rows: Mapping[str, int]) -> list[Line]:
    """Return charges added up by a name, the dearest first; what was no finished work stands at the end, in lines of its own.

    Args:
        found: The charges.
        name_of: The name of a charge.
        rows: Rows written by name, for the price of a million.
    """
    made: dict[tuple[str, str], Line] = {}
    for charge in found:
        name = name_of(charge) if charge.kind == WORK else KINDS[charge.kind]
        key = name, charge.kind
        if key not in made:
            made[key] = Line(name, charge.kind, rows=rows.get(name) if charge.kind == WORK else None)
        made[key].add(charge)
    order = (WORK, *KINDS)
    return sorted(made.values(), key=lambda line: (order.index(line.kind), -_weight(line), line.name))


def _weight(line: Line) -> Decimal:
    return sum(line.amounts.values(), Decimal(0)) or line.cpu_s / 1_000_000


def rows_written(
    connection: Connection, target: str, span: tuple[datetime, datetime]
) -> Iterator[tuple[str, str, str, int]]:
    """Yield the run, its last day (UTC), the stream and the rows it wrote, for the runs that `charges` speaks of."""
    run, load = tables.run, tables.table_load
    ended = (run.c.target == target, run.c.finished_at >= stamp(span[0]), run.c.finished_at < stamp(span[1]))
    query = select(load.c.run_id, run.c.finished_at, load.c.stream, load.c.rows_written)
    query = query.join(run, run.c.run_id == load.c.run_id).where(*ended).execution_options(yield_per=5_000)
    found: Iterable[Any] = connection.execute(query)
    for run_id, finished_at, stream, written in found:
        yield run_id, finished_at[:10], stream, written


def focus(found: Iterable[Charge], tags_of: Callable[[Charge], Mapping[str, str]]) -> Iterator[Sequence[object]]:
    """Yield a row of the columns `FOCUS` for each charge; what has no price has no cost, which is not the same as none."""
    for one in found:
        cost = None if one.amount is None else float(one.amount)
        yield (
            cost,
            cost,
            one.price.currency if one.price else None,
            "Usage",
            one.began,
            one.ended,
            float(one.quantity),
            one.unit,
            float(one.price.amount) if one.price else None,
            "Lakesmith",
            one.resource,
            one.subject or one.run_id,
            json.dumps(dict(tags_of(one)), sort_keys=True, ensure_ascii=False),
        )


def _exact(number: float) -> Decimal:
    return Decimal(repr(float(number)))
