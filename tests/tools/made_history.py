"""A made-up record of runs, seeded: a company on a day on which one source is down. For pages, pictures and timings.

`write_project` makes the project folder, `fill` its record. Sizes are free: a dozen tables to look at, or a thousand to measure.
"""

# ruff: noqa: PLR0917 - rows are built by position
from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lakesmith.host import Host
from lakesmith.monitor.incidents.advice import SAFE
from lakesmith.monitor.writing import stamp

NOON = datetime(2026, 11, 20, 8, 40, tzinfo=UTC)
NAMES = {
    "shop": ("orders", "order_lines", "customers", "returns", "vouchers"),
    "billing": ("invoices", "payments", "refunds"),
    "crm": ("accounts", "contacts", "deals"),
    "ads": ("campaigns", "spend"),
    "weblogs": ("visits",),
}
MARTS = (
    "marts.mart_monthly_sales",
    "marts.mart_customer_value",
    "marts.mart_campaign_return",
    "gold.fct_orders",
    "gold.dim_customer",
)
OWNERS = {
    "shop.*": "sales data",
    "billing.*": "finance",
    "crm.*": "sales data",
    "ads.*": "marketing",
    "weblogs.*": "marketing",
    "marts.*": "analytics",
}
DOWN = "billing"
CHUNK = 5000


@dataclass
class Company:
    """What there is: names of streams by source, how many days back the record goes, and how often each pipeline runs a day."""

    sources: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(NAMES))
    marts: tuple[str, ...] = MARTS
    days: int = 62
    runs_a_day: int = 4
    per_run: int | None = None
    seed: int = 20
    now: datetime = NOON
    most_runs: int | None = None

    @classmethod
    def large(cls, tables: int = 1000, runs: int = 100_000, now: datetime = NOON) -> Company:
        """Return a company of many tables: pipelines of ten tables each, fifty tables a source."""
        sources = {f"s{index:02}": tuple(f"table_{n:02}" for n in range(50)) for index in range(tables // 50)}
        pipelines = tables // 10
        days = 60
        return cls(sources, (), days, -(-runs // (pipelines * days)), 10, 20, now, runs)

    @property
    def streams(self) -> list[str]:
        return [f"{source}.{name}" for source, names in self.sources.items() for name in names]

    @property
    def pipelines(self) -> dict[str, list[str]]:
        if self.per_run is None:
            return {source: [f"{source}.{name}" for name in names] for source, names in self.sources.items()}
        streams = self.streams
        return {f"p{n // self.per_run:03}": streams[n : n + self.per_run] for n in range(0, len(streams), self.per_run)}


def write_project(root: Path, company: Company, store: str = "") -> Path:
    """Write a project whose record this could be."""
    root.mkdir(parents=True, exist_ok=True)
    hours = max(24 // company.runs_a_day, 1)
    lines = ["version: 1", "name: acme", "schedule: {cron: '0 5 * * *', ready_by: '07:30'}", "pipelines:"]
    for name, streams in company.pipelines.items():
        source = streams[0].partition(".")[0]
        select = f"source:{source}+" if company.per_run is None else f"source:{streams[0]}"
        lines.append(f"  {name}: {{select: '{select}', schedule: {{every: {hours}h}}}}")
    lines.append("sources:")
    for source, names in company.sources.items():
        lines += [f"  {source}:", "    type: files", f"    root: data/{source}", "    streams:"]
        lines += [f"      {name}: {{files: '{name}/*.csv'}}" for name in names]
    lines += ["monitor:", *([f"  store: {store}"] if store else []), "  tables:"]
    owners = OWNERS if company.per_run is None else {"s0*.*": "one team", "s1*.*": "another team"}
    lines += [f"    '{pattern}': {{owner: {owner}}}" for pattern, owner in owners.items()]
    (root / "lakesmith.yml").write_text("\n".join(lines) + "\n")
    return root


def fill(engine: Any, company: Company) -> dict[str, int]:
    """Write the record in bulk; return how many rows each table got."""
    counted: dict[str, int] = {}
    waiting: dict[str, list[dict[str, Any]]] = {}
    for name, row in _rows(company):
        rows = waiting.setdefault(name, [])
        rows.append(row)
        counted[name] = counted.get(name, 0) + 1
        if len(rows) >= CHUNK and name not in ("table_load", "run_step", "judgement", "error_event"):
            _write(engine, name, rows)
            rows.clear()
        elif len(rows) >= CHUNK:
            _write(engine, "run", waiting.get("run", []))
            waiting["run"] = []
            _write(engine, name, rows)
            rows.clear()
    for name in ("run", "incident", *(name for name in waiting if name not in ("run", "incident"))):
        _write(engine, name, waiting.get(name, []))
        waiting[name] = []
    with engine.begin() as connection:
        connection.exec_driver_sql("analyze")
    return counted


def _write(engine: Any, name: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    columns = list(rows[0])
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            marks = ", ".join("?" * len(columns))
            connection.exec_driver_sql(
                f'insert into "{name}" ({", ".join(columns)}) values ({marks})', [tuple(row.values()) for row in rows]
            )
            return
        cursor = connection.connection.cursor()
        with cursor.copy(f'copy "{name}" ({", ".join(columns)}) from stdin') as copy:
            for row in rows:
                copy.write_row(tuple(row.values()))


def _rows(company: Company) -> Iterator[tuple[str, dict[str, Any]]]:
    chance = random.Random(company.seed)
    ids = Host().ids
    history = _History(company, chance, ids)
    yield from history.runs()
    yield from history.now()


class _History:
    def __init__(self, company: Company, chance: random.Random, ids: Any) -> None:
        self.company, self.chance, self.ids = company, chance, ids
        self.sizes = {stream: int(10 ** chance.uniform(1.6, 4.6)) for stream in company.streams}
        self.after = {stream: size * 400 for stream, size in self.sizes.items()}
        self.newest: dict[str, str] = {}
        self.good: dict[str, str] = {}
        self.judged: dict[str, datetime] = {}
        self.first_bad: str | None = None

    def runs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        company = self.company
        gap = timedelta(days=1) / company.runs_a_day
        made = 0
        lanes = list(company.pipelines.items())
        start = company.now - timedelta(days=company.days)
        for tick in range(company.days * company.runs_a_day + 1):
            for lane, (pipeline, streams) in enumerate(lanes):
                began = start + tick * gap + timedelta(seconds=lane * (gap.total_seconds() / max(len(lanes), 1)) * 0.8)
                began -= timedelta(minutes=25)
                if began >= company.now or (company.most_runs is not None and made >= company.most_runs):
                    continue
                made += 1
                yield from self._run(pipeline, streams, began, tick)

    def _run(
        self, pipeline: str, streams: list[str], began: datetime, tick: int
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        company, chance = self.company, self.chance
        run_id = self.ids.run_id(began)
        small = company.per_run is None
        age = company.now - began
        down = small and pipeline == DOWN and age < timedelta(hours=max(9, 24 / company.runs_a_day))
        going = small and pipeline == "weblogs" and age < timedelta(minutes=30)
        lost = small and pipeline == "crm" and tick == company.days * company.runs_a_day - 9
        failed = down or (not small and chance.random() < 0.004)
        warned = chance.random() < 0.05
        state = "running" if going or lost else "failed" if failed else "warned" if warned else "succeeded"
        seconds = 20 + chance.random() * 160
        ended = began + timedelta(seconds=seconds)
        lease = company.now + timedelta(seconds=40) if going else ended
        code = (
            "9f2c1d7ab04e"
            if age > timedelta(days=20)
            else "41be88d0c2f7"
            if age > timedelta(hours=9)
            else "c7730a9e5b12"
        )
        yield "run", {
            "run_id": run_id, "started_at": stamp(began), "finished_at": None if going or lost else stamp(ended), "lease_until": stamp(lease),
            "state": state, "message": f"{sum(self.sizes[s] for s in streams):,} rows loaded" if not failed else "1 of 4 steps failed",
            "project": "acme", "target": "local", "command": "run", "selection": "", "trigger": "schedule", "version": "0.6.0",
            "config_hash": "5d1e" * 16 if age > timedelta(days=33) else "77c0" * 16, "host": "loader-1", "pid": 4000 + lanes_of(pipeline), "pipeline": pipeline, "nominal_at": stamp(began),
            "requested_by": "", "code_version": code, "code_dirty": False, "versions": '{"duckdb": "2.0.1", "pyiceberg": "0.12.0"}', "boot_id": "b00t",
            "cpu_s": round(seconds * 0.7, 2), "peak_rss_bytes": 400_000_000,
        }  # fmt: skip
        if state == "succeeded":
            self.good[pipeline] = run_id
        self.newest[pipeline] = run_id
        if failed and small and self.first_bad is None:
            self.first_bad = run_id
        at = began
        for stream in streams:
            took = seconds / (len(streams) + 1)
            yield from self._load(run_id, stream, at, took, failed=failed, unfinished=going or lost)
            at += timedelta(seconds=took)
        if small and not failed and not going and not lost and tick % 2 == 0:
            yield (
                "run_step",
                _step(run_id, "build", "build", at, seconds / len(streams), "warned" if warned else "succeeded"),
            )
            yield from self._models(run_id, at, warned=warned)

    def _load(
        self, run_id: str, stream: str, at: datetime, took: float, *, failed: bool, unfinished: bool
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        company, chance = self.company, self.chance
        weekend = 0.35 if at.weekday() > 4 else 1.0
        read = int(self.sizes[stream] * weekend * chance.lognormvariate(0, 0.12) / company.runs_a_day)
        dip = stream == "shop.vouchers" and company.now - at < timedelta(hours=20)
        read = read // 12 if dip else read
        bad = int(read * 0.004) if stream.endswith(("orders", "contacts", "_07")) and chance.random() < 0.5 else 0
        left = int(read * 0.02) if stream.endswith(("visits", "_11")) else 0
        if failed:
            read = bad = left = 0
        written = read - bad - left
        updated = int(written * 0.3)
        ended = at + timedelta(seconds=took)
        state = "running" if unfinished else "failed" if failed else "succeeded" if read else "nothing_new"
        yield "run_step", _step(run_id, f"load:{stream}", "load", at, took, state)
        if failed and company.per_run is None:
            yield "error_event", _error(run_id, stream, ended)
        if unfinished or (failed and company.per_run is None):
            return
        self.after[stream] += written
        yield "table_load", {
            "run_id": run_id, "stream": stream, "finished_at": stamp(ended), "state": state, "rows_read": read, "rows_written": written,
            "rows_quarantined": bad, "rows_filtered": left, "rows_derived": 0, "proven": True, "splits": 1, "files": 1, "size_bytes": written * 118 + 900,
            "resumed": False, "phases_s": json.dumps({"read": took * 0.5, "shape": took * 0.2, "stage": took * 0.2, "commit": took * 0.1}),
            "reject_reasons": json.dumps({"amount is no decimal(18, 2)": bad - bad // 3, "line has too few values": bad // 3}) if bad else "{}",
            "filter_reasons": json.dumps({"not a page of ours": left}) if left else "{}", "kind": "load", "mode": "dedupe", "reason": "news", "started_at": stamp(at),
            "cursor_column": "updated_at", "cursor_from": None, "cursor_to": stamp(at - timedelta(minutes=7)), "rows_by_op": json.dumps({"c": written - updated, "u": updated}),
            "bytes_read": read * 140, "requests": read // 900 + 1, "retries": 0, "throttled_s": 0.0, "cpu_s": round(took * 0.6, 3), "peak_rss_bytes": 310_000_000,
            "schema_hash": "ab12" * 16, "rows_before": self.after[stream] - written, "rows_after": self.after[stream],
        }  # fmt: skip
        yield from self._judgements(run_id, stream, ended, read, dip=dip)

    def _judgements(
        self, run_id: str, stream: str, at: datetime, read: int, *, dip: bool
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        learning = stream.startswith("ads.")
        usual = self.sizes[stream] * (0.35 if at.weekday() > 4 else 1.0)
        verdict = "bad" if dip else "learning" if learning else "good"
        why = (
            f"{read:,} rows so far on {at:%a %d %b}, {usual:,.0f} expected ({usual * 0.7:,.0f}–{usual * 1.4:,.0f})"
            if dip
            else "learning, blind until 3 Dec"
            if learning
            else f"{usual:,.0f} rows on {at:%a %d %b}, as expected"
        )
        yield (
            "judgement",
            _judgement(run_id, stream, "volume", at, verdict, why, usual, usual, usual * 0.7, usual * 1.4),
        )
        before = self.judged.get(stream)
        if before is None or at - before >= timedelta(hours=20):
            self.judged[stream] = at
            for rule in ("age", "row_law"):
                yield (
                    "judgement",
                    _judgement(
                        run_id,
                        stream,
                        rule,
                        at,
                        "good",
                        f"{rule.replace('_', ' ')} holds",
                        3600.0,
                        7200.0,
                        0.0,
                        93_600.0,
                    ),
                )

    def _models(self, run_id: str, at: datetime, *, warned: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        for name in self.company.marts:
            yield (
                "model_result",
                {
                    "run_id": run_id,
                    "model": f"model.acme.{name}",
                    "finished_at": stamp(at),
                    "relation": name,
                    "status": "success",
                    "seconds": 0.8,
                    "row_count": 1200 + len(name),
                    "message": "OK",
                },
            )
            status = "warn" if warned and name.endswith("value") else "pass"
            yield (
                "check_result",
                {
                    "run_id": run_id,
                    "check_id": f"test.acme.unique_{name.replace('.', '_')}_id.1a2b",
                    "finished_at": stamp(at),
                    "relation": name,
                    "column_name": "id",
                    "status": status,
                    "severity": "warn",
                    "failures": 3 if status == "warn" else 0,
                    "seconds": 0.1,
                    "message": "",
                },
            )
            if self.company.now - at < timedelta(days=3):
                yield (
                    "judgement",
                    _judgement(
                        run_id,
                        name,
                        "checks",
                        at,
                        "warn" if status == "warn" else "good",
                        "3 rows are not unique" if status == "warn" else "all tests pass",
                        None,
                        None,
                        None,
                        None,
                    ),
                )
                yield (
                    "judgement",
                    _judgement(
                        run_id, name, "publication", at, "good", "published in time", 1800.0, 3600.0, 0.0, 9000.0
                    ),
                )
                yield "judgement", _judgement(run_id, name, "load", at, "good", "built", None, None, None, None)

    def now(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is open today."""
        company, now = self.company, self.company.now
        if company.per_run is not None:
            yield from self._many_incidents()
            return
        since = now - timedelta(hours=8, minutes=22)
        main, dip = self.ids.run_id(since), self.ids.run_id(now - timedelta(hours=3))
        yield (
            "incident",
            _incident(
                main,
                "c1" * 32,
                "fault",
                f"{DOWN}.*",
                "The source does not let us in: the password has expired.",
                "error",
                "finance",
                since,
                now - timedelta(minutes=12),
                3,
                self.first_bad,
                self.newest[DOWN],
                self.good[DOWN],
                "nothing_written",
                self._facts(main, since),
            ),
        )
        for name in company.sources[DOWN]:
            yield "incident_subject", _subject(main, f"{DOWN}.{name}", "cause", since)
            yield (
                "judgement",
                _judgement(
                    self.newest[DOWN],
                    f"{DOWN}.{name}",
                    "age",
                    now - timedelta(minutes=12),
                    "bad",
                    f"{DOWN}.{name} is 14 h 10 min old, 7 h are promised",
                    51_000.0,
                    21_600.0,
                    0.0,
                    25_200.0,
                ),
            )
            yield (
                "judgement",
                _judgement(
                    self.newest[DOWN],
                    f"{DOWN}.{name}",
                    "load",
                    now - timedelta(minutes=12),
                    "bad",
                    "the newest load failed: the password has expired",
                    None,
                    None,
                    None,
                    None,
                ),
            )
        yield (
            "incident",
            _incident(
                dip,
                "c2" * 32,
                "volume",
                "shop.vouchers",
                "8 rows so far on Fri 20 Nov, 96 expected (67–134)",
                "warn",
                "sales data",
                now - timedelta(hours=3),
                now - timedelta(minutes=20),
                2,
                self.newest["shop"],
                self.newest["shop"],
                self.good["shop"],
                "written_and_committed",
                self._few(dip),
            ),
        )
        yield "incident_subject", _subject(dip, "shop.vouchers", "cause", now - timedelta(hours=3))
        old = self.ids.run_id(now - timedelta(days=41))
        yield (
            "incident",
            _incident(
                old,
                "c1" * 32,
                "fault",
                f"{DOWN}.*",
                "The source does not let us in: the password has expired.",
                "error",
                "finance",
                now - timedelta(days=41),
                now - timedelta(days=40, hours=20),
                5,
                None,
                None,
                None,
                "nothing_written",
                {},
                "fixed_at_source",
                now - timedelta(days=40, hours=18),
            ),
        )
        yield "incident_subject", _subject(old, f"{DOWN}.invoices", "cause", now - timedelta(days=41))
        for kind, actor, text in (
            ("opened", "lakesmith", "opened by a failed load"),
            ("told", "lakesmith", "message sent to #data"),
            ("fed", "lakesmith", "seen again"),
        ):
            yield (
                "incident_event",
                {"incident_id": main, "at": stamp(since), "kind": kind, "actor": actor, "detail": text},
            )
        for stream, kind, column, before, after, age in (
            ("shop.orders", "column_added", "delivery_slot", "", "string", 14),
            ("crm.contacts", "type_widened", "score", "int64", "double", 30),
            ("ads.spend", "column_gone", "bid_type", "string", "", 420),
        ):
            yield (
                "drift",
                {
                    "run_id": self.newest[stream.partition(".")[0]],
                    "stream": stream,
                    "seen_at": stamp(now - timedelta(hours=age)),
                    "kind": kind,
                    "column_name": column,
                    "before": before,
                    "after": after,
                    "policy": "evolve",
                    "outcome": "added" if not before else "kept",
                },
            )
        yield (
            "mute",
            {
                "mute_id": "m1",
                "matches": '{"select": "ads.*"}',
                "reason": "campaigns pause until Monday",
                "actor": "marketing",
                "created_at": stamp(now - timedelta(days=1)),
                "until": stamp(now + timedelta(hours=5)),
                "ended_at": None,
            },
        )
        yield (
            "heartbeat",
            {
                "component": "scheduler",
                "seen_at": stamp(now - timedelta(seconds=20)),
                "started_at": stamp(now - timedelta(days=3)),
                "detail": "5 pipelines",
                "version": "0.6.0",
                "host": "loader-1",
                "pid": 77,
            },
        )
        yield (
            "heartbeat",
            {
                "component": "alerts",
                "seen_at": stamp(now - timedelta(seconds=9)),
                "started_at": stamp(now - timedelta(days=3)),
                "detail": "2 channels",
                "version": "0.6.0",
                "host": "loader-1",
                "pid": 77,
            },
        )
        for state, fault in (("sent", ""), ("failed", "the server answered 503")):
            yield (
                "delivery",
                {
                    "delivery_id": f"d-{state}",
                    "incident_id": main,
                    "group_key": "g",
                    "route": "finance",
                    "channel": "slack",
                    "kind": "opened",
                    "state": state,
                    "attempts": 1 if state == "sent" else 6,
                    "queued_at": stamp(since),
                    "next_try_at": None,
                    "sent_at": stamp(since) if state == "sent" else None,
                    "fault": fault,
                    "suppressed_by": "",
                    "body": "{}",
                },
            )
        yield (
            "tick",
            {
                "target": "local",
                "pipeline": "crm",
                "nominal_at": stamp(now - timedelta(days=2)),
                "state": "missed",
                "decided_at": stamp(now - timedelta(days=2)),
                "run_id": None,
                "reason": "nothing was up between 02:10 and 04:40; one start stands for all that were missed",
            },
        )
        yield (
            "user_action",
            {
                "at": stamp(now - timedelta(days=1)),
                "actor": "marketing",
                "via": "cli",
                "verb": "mute",
                "target": "ads.*",
                "outcome": "done",
                "detail": "",
                "run_id": None,
            },
        )

    def _facts(self, incident: str, since: datetime) -> dict[str, Any]:
        """Return what `settle` writes of a source that does not let us in."""
        company, error = self.company, _error(self.first_bad or "", f"{DOWN}.invoices", since)
        names = {"kind": "kind", "remedy": "remedy", "what": "what", "where": "at_place", "fix": "fix"}
        told = {key: error[name] for key, name in names.items()}
        todo = [
            (error["fix"], ""),
            ("run it again", f"lakesmith run --select source:{DOWN}"),
            ("read what the run wrote down", f"lakesmith logs {self.newest[DOWN]}"),
            ("say that you see to it", f"lakesmith incidents acknowledge {incident}"),
        ]
        marts = company.marts[:4]
        return told | {
            **{key: error[key] for key in ("error_class", "origin", "fingerprint")},
            "steps": sorted(f"load:{DOWN}.{name}" for name in company.sources[DOWN]),
            "changes": [
                {
                    "kind": "code",
                    "before": "4f1c2aa0",
                    "after": "9d03b7e1",
                    "text": "the project's code: 4f1c2aa0 → 9d03b7e1",
                }
            ],
            "first_bad": {"run_id": self.first_bad, "started_at": stamp(since)},
            "last_good": {"run_id": self.good[DOWN], "started_at": stamp(since - timedelta(hours=6))},
            "safe": SAFE["nothing_written"],
            "downstream": {
                "models": 9,
                "marts": len(marts),
                "names": marts,
                "exposures": ["board_report"],
                "publications": ["tables"],
                "owners": ["finance"],
            },
            "seen_before": {"times": 1, "resolution": "fixed_at_source", "note": "the password was renewed"},
            "todo": _steps(todo),
            "reasons": [],
        }

    def _few(self, incident: str) -> dict[str, Any]:
        """Return what `settle` writes of a table that got too few rows."""
        title, run = (
            "8 rows so far on Fri 20 Nov, 96 expected (67–134)",
            {"run_id": self.newest["shop"], "started_at": ""},
        )
        todo = [
            ("see its versions", "lakesmith history shop.vouchers"),
            ("take the table back, if the rows are wrong", "lakesmith rollback shop.vouchers"),
            ("run it again", "lakesmith run --select source:shop.vouchers"),
            ("say that you see to it", f"lakesmith incidents acknowledge {incident}"),
        ]
        return {
            "what": title,
            "reasons": [f"shop.vouchers: {title}"],
            "changes": [{"kind": "volume", "before": "96", "after": "8", "text": "shop.vouchers: 96 → 8 rows read"}],
            "first_bad": run,
            "last_good": {"run_id": self.good["shop"], "started_at": ""},
            "safe": SAFE["written_and_committed"],
            "downstream": {"models": 0, "marts": 0, "names": [], "exposures": [], "publications": [], "owners": []},
            "todo": _steps(todo),
        }

    def _many_incidents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        now, streams = self.company.now, self.company.streams
        for index in range(400):
            opened = now - timedelta(hours=index * 3 + 1)
            one = self.ids.run_id(opened)
            done = opened + timedelta(hours=2) if index > 6 else None
            stream = streams[index * 7 % len(streams)]
            last = self.newest[f"p{index % 100:03}"]
            yield (
                "incident",
                _incident(
                    one,
                    f"{index % 60:064x}",
                    "volume",
                    stream,
                    f"0 rows, {index} expected",
                    "error" if index % 2 else "warn",
                    "one team",
                    opened,
                    opened,
                    1,
                    last,
                    last,
                    last,
                    "unknown",
                    {},
                    "expected_change" if done else None,
                    done,
                ),
            )
            for hit in range(5 if index else 40):
                yield (
                    "incident_subject",
                    _subject(one, streams[(index * 7 + hit) % len(streams)], "cause" if hit == 0 else "hit", opened),
                )
        for index in range(2000):
            stream = streams[index * 3 % len(streams)]
            yield (
                "drift",
                {
                    "run_id": self.newest[f"p{index % 100:03}"],
                    "stream": stream,
                    "seen_at": stamp(now - timedelta(minutes=40 * index)),
                    "kind": "column_added",
                    "column_name": f"c{index}",
                    "before": "",
                    "after": "string",
                    "policy": "evolve",
                    "outcome": "added",
                },
            )
        for index in range(500):
            stream = streams[index % len(streams)]
            yield "error_event", _error(self.newest[f"p{index % 100:03}"], stream, now - timedelta(minutes=index))


def lanes_of(pipeline: str) -> int:
    return sum(map(ord, pipeline))


def _steps(told: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"text": text, "command": command} for text, command in told]


def _step(run_id: str, step: str, kind: str, at: datetime, took: float, state: str) -> dict[str, Any]:
    ended = None if state == "running" else stamp(at + timedelta(seconds=took))
    return {
        "run_id": run_id,
        "step": step,
        "kind": kind,
        "started_at": stamp(at),
        "finished_at": ended,
        "state": state,
        "seconds": None if ended is None else round(took, 3),
        "message": "",
        "facts": "{}",
        "attempt": 1,
        "cpu_s": round(took * 0.6, 3),
        "peak_rss_bytes": 300_000_000,
    }


def _error(run_id: str, stream: str, at: datetime) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "step": f"load:{stream}",
        "seen_at": stamp(at),
        "kind": "SourceMissingError",
        "remedy": "skip",
        "what": "The source does not let us in: the password has expired.",
        "at_place": f"lakesmith.yml:14, {stream}",
        "fix": "renew the password where `BILLING_URL` is kept, then `lakesmith check`",
        "error_class": "auth_expired",
        "origin": "source",
        "retryable": False,
        "fingerprint": "f1" * 32,
    }


def _judgement(
    run_id: str,
    subject: str,
    rule: str,
    at: datetime,
    verdict: str,
    reason: str,
    value: float | None,
    expected: float | None,
    lower: float | None,
    upper: float | None,
) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "target": "local",
        "subject": subject,
        "column_name": "",
        "rule": rule,
        "bucket": f"{at:%Y-%m-%d}",
        "judged_at": stamp(at),
        "verdict": verdict,
        "value": value,
        "expected": expected,
        "lower": lower,
        "upper": upper,
        "score": None,
        "trained_on": 56,
        "reason": reason,
    }


def _incident(
    incident_id: str,
    cause: str,
    rule: str,
    subject: str,
    title: str,
    severity: str,
    owner: str,
    opened: datetime,
    seen: datetime,
    times: int,
    first: str | None,
    last: str | None,
    good: str | None,
    safe: str,
    facts: dict[str, Any],
    resolution: str | None = None,
    done: datetime | None = None,
) -> dict[str, Any]:
    return {
        "incident_id": incident_id,
        "target": "local",
        "cause": cause,
        "rule": rule,
        "subject": subject,
        "title": title,
        "severity": severity,
        "state": "resolved" if done else "open",
        "owner": owner,
        "opened_at": stamp(opened),
        "last_seen_at": stamp(seen),
        "occurrences": times,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": stamp(done) if done else None,
        "resolved_by": "lakesmith" if done else None,
        "resolution": resolution,
        "note": "",
        "first_run_id": first,
        "last_run_id": last,
        "last_good_run_id": good,
        "data_safe": safe,
        "is_downstream_known": True,
        "facts": json.dumps(facts),
    }


def _subject(incident_id: str, subject: str, role: str, since: datetime) -> dict[str, Any]:
    return {
        "incident_id": incident_id,
        "subject": subject,
        "role": role,
        "rule": "fault",
        "since": stamp(since),
        "until": None,
    }
