"""Where commands hand their results: an interface with one implementation for people and one for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any, Protocol

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for scripts.")
project_option = click.option(
    "--project", "folder", default=".", show_default=True, type=click.Path(file_okay=False), help="The project folder."
)
target_option = click.option("--target", default=None, help="The target; default: default_target of the project.")
select_option = click.option(
    "--select",
    "-s",
    "select",
    multiple=True,
    help="What to work on, in dbt's grammar: source:app.orders+, tag:x, +mart_y.",
)
exclude_option = click.option("--exclude", "exclude", multiple=True, help="What to leave out, in the same grammar.")


def common(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return one decorator that adds several options, first one on top."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


class Output(Protocol):
    """Takes results. `say` is for people only; `table` and `facts` are results."""

    def say(self, text: str, *, mood: str = "plain") -> None:
        """Say a sentence to a person."""
        ...

    def table(self, name: str, rows: Sequence[Mapping[str, Any]], *, empty: str = "") -> None:
        """Show rows under a name; `empty` is said if there are none."""
        ...

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Add values to the result that only scripts see."""
        ...

    def close(self) -> None:
        """Print what has to be printed at the end."""
        ...


class TerminalOutput:
    """Prints for people; colours and boxes only where there is a terminal."""

    STYLES: Mapping[str, str] = {
        "plain": "",
        "good": "green",
        "warn": "yellow",
        "bad": "red",
        "quiet": "dim",
        "head": "bold",
    }

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(highlight=False, soft_wrap=True)

    def say(self, text: str, *, mood: str = "plain") -> None:
        """Print a sentence."""
        from rich.text import Text

        self.console.print(Text(text, style=self.STYLES[mood]))

    def table(self, name: str, rows: Sequence[Mapping[str, Any]], *, empty: str = "") -> None:
        """Print rows as a table with aligned numbers."""
        from rich.table import Table
        from rich.text import Text

        del name
        if not rows:
            if empty:
                self.say(empty, mood="quiet")
            return
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for column in rows[0]:
            numeric = all(isinstance(row[column], int | float) for row in rows if row[column] is not None)
            table.add_column(column.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell(value)) for value in row.values()))
        self.console.print(table)

    def facts(self, facts: Mapping[str, Any]) -> None:
        """People see these elsewhere."""

    def close(self) -> None:
        """Nothing is left to print."""


class JsonOutput:
    """Collects results and prints one object."""

    def __init__(self) -> None:
        self.result: dict[str, Any] = {"ok": True}

    def say(self, text: str, *, mood: str = "plain") -> None:
        """Scripts are not spoken to."""

    def table(self, name: str, rows: Sequence[Mapping[str, Any]], *, empty: str = "") -> None:
        """Keep rows under their name."""
        del empty
        self.result[name] = list(rows)

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Keep values."""
        self.result.update(facts)

    def close(self) -> None:
        """Print the object."""
        click.echo(json.dumps(self.result, default=plain, ensure_ascii=False, indent=2))


def output_for(*, as_json: bool) -> Output:
    """Return the output a command was asked for."""
    return JsonOutput() if as_json else TerminalOutput()


def cell(value: Any) -> str:
    """Return a value as a table shows it.

    Examples:
        >>> cell(1234567), cell(None), cell(True)
        ('1,234,567', '–', 'yes')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def plain(value: Any) -> Any:
    """Return a value that JSON has a word for."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
