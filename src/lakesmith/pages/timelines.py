"""Runs as pictures: past and next starts on one axis, a strip of cells, a grid of runs by steps, and the bars of one run's steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from lakesmith.pages.html import Markup, join, tag
from lakesmith.pages.links import key_of
from lakesmith.pages.parts import RUN_MOODS, minute, span, table, words
from lakesmith.pages.values import UNKNOWN
from lakesmith.pages.views.common import RunLine, Timeline
from lakesmith.pages.views.details import StepLine
from lakesmith.pages.views.listings import StepRow

WIDTH, LABEL, ROW, TOP = 1120, 150, 26, 22
GANTT_LABEL = 230
THINNEST = 4.5
LETTERS = {
    "succeeded": "S",
    "nothing_new": "N",
    "warned": "W",
    "stopped": "X",
    "failed": "F",
    "lost": "L",
    "running": "R",
    "skipped": "–",
}


def letter(state: str) -> str:
    """Return the letter of a state of a run or a step."""
    return LETTERS.get(state, "?")


def mood_of(state: str) -> str:
    """Return the mood of a state of a run or a step."""
    return RUN_MOODS.get(state, UNKNOWN)


def timeline(value: Timeline) -> Markup:
    """Return the lanes with runs to the left of now and the next starts to the right, and the same as a table."""
    if not value.lanes:
        return tag("p", "Nothing ran in this span, and no start is planned.", class_="lead")
    length = (value.end - value.start).total_seconds()

    def x(at: datetime) -> float:
        """Return how far right a time stands."""
        return round(LABEL + (WIDTH - LABEL - 8) * (at - value.start).total_seconds() / length, 1)

    height = TOP + ROW * len(value.lanes) + 8
    parts = list(_hours(value, x, height))
    for index, lane in enumerate(value.lanes):
        y = TOP + ROW * index
        parts.append(tag("text", _short(lane.pipeline, 22), x=LABEL - 10, y=y + 17, text_anchor="end", class_="label"))
        parts += (_run_bar(run, x, y, value) for run in lane.runs)
        for at in lane.next_starts:
            says = tag("title", f"{lane.pipeline} starts {minute(at)}")
            parts.append(tag("circle", says, cx=x(at), cy=y + 13, r=4, class_="next"))
    parts.append(tag("line", x1=x(value.now), x2=x(value.now), y1=TOP - 8, y2=height, class_="now"))
    parts.append(tag("text", "now", x=x(value.now), y=11, text_anchor="middle", class_="label"))
    drawn = tag(
        "svg", *parts, viewBox=f"0 0 {WIDTH} {height}", role="group", aria_label=_told(value), class_="timeline"
    )
    left = f" {value.left_out} quieter pipelines are not drawn." if value.left_out else ""
    return join(
        (
            tag("p", f"{_told(value)}{left}", class_="lead"),
            tag("div", drawn, class_="scroll", tabindex=0, role="region", aria_label="Timeline of runs"),
            _as_table(value),
        )
    )


def strip(runs: Sequence[RunLine]) -> Markup:
    """Return one cell per run, oldest first: colour, letter and shape say how it ended, and it leads to the run."""
    cells = (tag("li", _cell(run)) for run in runs)
    return tag("ol", *cells, class_="strip cells", aria_label=f"The newest {len(runs)} runs, oldest first")


def grid(runs: Sequence[RunLine], rows: Sequence[StepRow]) -> Markup:
    """Return steps by runs, the newest run first; each column leads to its run."""
    head = tag("tr", tag("th", "step", scope="col"), *(tag("th", _cell(run), scope="col") for run in reversed(runs)))
    body = (
        tag(
            "tr",
            tag("th", _short(row.step, 44), scope="row", title=row.step),
            *(_square(state) for state in reversed(row.states)),
        )
        for row in rows
    )
    caption = tag("caption", "Steps of the newest runs, newest run first", class_="unseen")
    whole = tag("table", caption, tag("thead", head), tag("tbody", *body), class_="steps")
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label="Steps of the newest runs")


def gantt(steps: Sequence[StepLine], start: datetime, end: datetime) -> Markup:
    """Return when each step of a run began and ended."""
    length = max((end - start).total_seconds(), 0.001)
    room = WIDTH - GANTT_LABEL - 90
    parts = []
    for index, step in enumerate(steps):
        y = index * 24
        began = min(max((step.started_at - start).total_seconds() / length, 0.0), 1.0)
        seconds = step.seconds if step.seconds is not None else (end - step.started_at).total_seconds()
        width = round(max(room * min(seconds / length, 1.0), THINNEST), 1)
        at = round(GANTT_LABEL + room * began, 1)
        says = tag("title", f"{step.step}: {words(step.state)}, {span(step.seconds)}")
        parts += [
            tag("text", _short(step.step, 34), x=GANTT_LABEL - 10, y=y + 16, text_anchor="end", class_="label"),
            tag("rect", says, x=at, y=y + 4, width=width, height=15, rx=3, class_=f"bar {mood_of(step.state)}"),
            tag("text", f"{letter(step.state)} {span(step.seconds)}", x=at + width + 6, y=y + 16, class_="tick"),
        ]
    title = f"{len(steps)} steps in {span(length)}"
    drawn = tag("svg", *parts, viewBox=f"0 0 {WIDTH} {max(len(steps), 1) * 24 + 4}", role="img", aria_label=title)
    return tag("div", drawn, class_="scroll wide", tabindex=0, role="region", aria_label="Steps over time")


def _cell(run: RunLine) -> Markup:
    says = f"{minute(run.started_at)}: {words(run.state)}, {span(run.seconds)}"
    return tag(
        "a",
        letter(run.state),
        href=f"/runs/{key_of(run.run_id)}",
        class_=f"cell {mood_of(run.state)}",
        title=says,
        aria_label=says,
    )


def _square(state: str | None) -> Markup:
    if state is None:
        return Markup("<td></td>")
    return tag("td", tag("span", letter(state), class_=f"cell {mood_of(state)}", title=words(state)))


def _hours(value: Timeline, x: Callable[[datetime], float], height: int) -> Iterator[Markup]:
    at = value.start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while at < value.end:
        if at.hour % 3 == 0:
            place = x(at)
            yield tag("line", x1=place, x2=place, y1=TOP - 4, y2=height, class_="grid")
            if abs((at - value.now).total_seconds()) > 45 * 60:
                yield tag("text", f"{at:%H:%M}", x=place, y=11, text_anchor="middle", class_="tick")
        at += timedelta(hours=1)


def _run_bar(run: RunLine, x: Callable[[datetime], float], y: float, value: Timeline) -> Markup:
    began = max(run.started_at, value.start)
    left = x(began)
    right = x(min(max(run.finished_at or value.now, began), value.end))
    width = max(round(right - left, 1), THINNEST)
    says = f"{run.pipeline}, {minute(run.started_at)}: {words(run.state)}, {span(run.seconds)}"
    box = tag(
        "rect", tag("title", says), x=left, y=y + 5, width=width, height=16, rx=2, class_=f"bar {mood_of(run.state)}"
    )
    return tag("a", box, href=f"/runs/{key_of(run.run_id)}", aria_label=says, tabindex=-1)


def _told(value: Timeline) -> str:
    runs = [run for lane in value.lanes for run in lane.runs]
    bad = sum(mood_of(run.state) == "bad" for run in runs)
    going = sum(run.state == "running" for run in runs)
    ahead = sum(len(lane.next_starts) for lane in value.lanes)
    parts = [f"{len(runs):,} run{'' if len(runs) == 1 else 's'}", f"{bad:,} failed or lost" if bad else "none failed"]
    parts += [f"{going:,} running"] if going else []
    return f"{', '.join(parts)}; {ahead:,} {'start is' if ahead == 1 else 'starts are'} due until {value.end:%H:%M}."


def _as_table(value: Timeline) -> Markup:
    rows = []
    for lane in value.lanes:
        bad = sum(mood_of(run.state) == "bad" for run in lane.runs)
        last = lane.runs[-1] if lane.runs else None
        ahead = minute(lane.next_starts[0]) if lane.next_starts else "none planned"
        newest = f"{words(last.state)}, {minute(last.started_at)}" if last else "–"
        rows.append((lane.pipeline, f"{len(lane.runs):,}", f"{bad:,}", newest, ahead))
    columns = ("pipeline", "runs", "failed", "newest (UTC)", "next start (UTC)")
    behind = table(columns, rows, numeric=(False, True, True, False, False), caption="Runs by pipeline")
    return tag("details", tag("summary", "Runs by pipeline as a table"), behind)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
