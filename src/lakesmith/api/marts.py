"""Published tables as the page shows them: their first rows, and charts that the model's `meta` asks for or that suit its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from lakesmith.dbt.artifacts import Manifest
from lakesmith.model.plans import Dataset
from lakesmith.pages.values import Chart, MartView
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS, LABELS, BARS, PARTS = 50, 60, 10, 5


@dataclass(frozen=True, slots=True)
class Wish:
    """A chart somebody wants: `kind` columns, line or bars; `x` a column for labels, `y` one to add up, `by` one to split by."""

    kind: str
    x: str
    y: str
    by: str | None = None
    title: str = ""
    unit: str = ""


def mart_views(shop: Workshop, manifest: Manifest | None) -> list[MartView]:
    """Return every published table with its charts."""
    metas = {node.relation: node.meta for node in manifest.nodes.values()} if manifest else {}
    return [_view(shop, dataset, metas.get(dataset.relation, {})) for dataset in shop.engine.published()]


def _view(shop: Workshop, dataset: Dataset, meta: Mapping[str, Any]) -> MartView:
    relation = f"{_quoted(dataset.schema)}.{_quoted(dataset.name)}"
    sql = f"select * from {relation}"  # noqa: S608 - quoted names
    kind = str(shop.engine.query(f"{sql} limit 0").schema.types[0])
    newest_first = " order by 1 desc" if kind.startswith(("date", "timestamp")) else ""
    head: pa.Table = shop.engine.query(f"{sql}{newest_first} limit {SHOWN_ROWS}").read_all()
    shown = [name for name in head.column_names if not name.startswith("_ls_")]
    kinds = {name: str(head.schema.field(name).type) for name in shown}
    cells = [_cells(head.column(name)) for name in shown]
    wishes = _wishes(meta, kinds) or _guess(kinds)
    return MartView(
        name=dataset.name,
        description=dataset.description,
        columns=shown,
        rows=[list(row) for row in zip(*cells, strict=True)],
        numeric=[_is_number(kinds[name]) for name in shown],
        total=dataset.rows,
        built_at=dataset.built_at.replace("T", " ").replace("Z", " UTC"),
        charts=[chart for wish in wishes if (chart := _draw(shop, relation, wish)) is not None],
    )


def _wishes(meta: Mapping[str, Any], kinds: Mapping[str, str]) -> list[Wish]:
    """Return the charts of `meta: {lakesmith: {charts: […]}}` that name columns which exist."""
    asked = (meta.get("lakesmith") or {}).get("charts") or []
    fields = Wish.__dataclass_fields__
    wishes = [
        Wish(**{key: value for key, value in wish.items() if key in fields})
        for wish in asked
        if {"kind", "x", "y"} <= set(wish)
    ]
    return [wish for wish in wishes if {wish.x, wish.y, wish.by or wish.x} <= set(kinds)]


def _guess(kinds: Mapping[str, str]) -> list[Wish]:
    """Choose a chart by the columns: the first date against the first amount, else the first text."""
    numbers = [name for name, kind in kinds.items() if _is_number(kind) and not name.endswith("_id")]
    amounts = [name for name in numbers if kinds[name].startswith(("decimal", "double", "float"))] or numbers
    times = [name for name, kind in kinds.items() if kind.startswith(("date", "timestamp"))]
    texts = [name for name, kind in kinds.items() if kind == "string" and not name.endswith("_id")]
    if amounts and times:
        return [Wish("columns", times[0], amounts[0], title=f"{amounts[0]} by {times[0]}")]
    if amounts and texts:
        return [Wish("bars", texts[0], amounts[0], title=f"{amounts[0]} by {texts[0]}")]
    return []


def _draw(shop: Workshop, relation: str, wish: Wish) -> Chart | None:
    x, y = _quoted(wish.x), _quoted(wish.y)
    if wish.kind == "bars":
        sql = f"select {x} as x, cast(sum({y}) as double precision) as y from {relation} group by 1 order by 2 desc nulls last limit {BARS}"  # noqa: S608
        rows = _dicts(shop.engine.query(sql).read_all())
        labels = [_text(row["x"]) for row in rows]
        return Chart("bars", _title(wish), labels, {wish.y: [row["y"] for row in rows]}, wish.unit) if rows else None
    by = _quoted(wish.by) if wish.by else "''"
    sql = f"select {x} as x, {by} as part, cast(sum({y}) as double precision) as y from {relation} where {x} is not null group by 1, 2 order by 1"  # noqa: S608
    rows = _dicts(shop.engine.query(sql).read_all())
    every = list(dict.fromkeys(row["x"] for row in rows))
    labels = every[-LABELS:]
    if not labels:
        return None
    title = _title(wish) + (f", the last {LABELS} of {len(every):,}" if len(labels) < len(every) else "")
    return Chart(wish.kind, title, _labels(labels), _series(rows, labels, wish), wish.unit)


def _cells(column: pa.ChunkedArray[Any]) -> list[str]:
    """Return a column as texts; days that Python's calendar lacks (year 10000, infinity) as Arrow spells them."""
    try:
        return [_text(value) for value in column.to_pylist()]
    except (OverflowError, ValueError):
        import pyarrow as pa

        return [text or "" for text in column.cast(pa.string()).to_pylist()]


def _dicts(rows: pa.Table) -> list[dict[str, Any]]:
    """Return rows as Python has them; none, and so no chart, where a day is not in Python's calendar."""
    try:
        return rows.to_pylist()
    except (OverflowError, ValueError):
        return []


def _series(rows: Sequence[Mapping[str, Any]], labels: Sequence[Any], wish: Wish) -> dict[str, list[float | None]]:
    """Return one list of numbers per part, the largest parts first and the small ones together as `other`."""
    totals: dict[str, float] = {}
    for row in rows:
        totals[_text(row["part"])] = totals.get(_text(row["part"]), 0.0) + (row["y"] or 0.0)
    ranked = sorted(totals, key=lambda part: -totals[part])
    named = ranked if len(ranked) <= PARTS + 1 else ranked[:PARTS]
    place = {label: index for index, label in enumerate(labels)}
    series: dict[str, list[float | None]] = {part: [None] * len(labels) for part in named}
    if len(named) < len(ranked):
        series["other"] = [None] * len(labels)
    for row in rows:
        if row["x"] in place:
            part = series.get(_text(row["part"])) or series["other"]
            part[place[row["x"]]] = (part[place[row["x"]]] or 0.0) + (row["y"] or 0.0)
    return {name or wish.y: numbers for name, numbers in series.items()}


def _title(wish: Wish) -> str:
    return wish.title or f"{wish.y} by {wish.x}".replace("_", " ")


def _labels(values: Sequence[Any]) -> list[str]:
    """Return labels of an axis: months if all are first days of one, else days, else what is there."""
    if not all(isinstance(value, date) for value in values):
        return [str(value) for value in values]
    if any(isinstance(value, datetime) for value in values):
        return [f"{value:%d %b %H:%M}" for value in values]
    monthly = len(values) > 1 and all(value.day == 1 for value in values)
    return [f"{value:%b %Y}" if monthly else f"{value:%-d %b}" for value in values]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "uint", "decimal", "double", "float"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
