"""Where commands hand their results: an interface with one implementation for people and one for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any, Protocol

import click

from lakesmith.errors import LakesmithError

GAP = 2
UNLIMITED = 10_000
"""Width of a table that is written to a file or a pipe, where nothing needs to be broken."""

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
        """Add the options to a command."""
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


class Output(Protocol):
    """Takes results. `say` is for people only; `table` and `facts` are results."""

    def say(self, text: str, *, mood: str = "plain") -> None:
        """Say a sentence to a person."""
        ...

    def fail(self, text: str) -> None:
        """Say what went wrong to a person, apart from the results."""
        ...

    def table(
        self,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        empty: str = "",
        sentence: Callable[[Mapping[str, Any]], str] | None = None,
    ) -> None:
        """Show rows under a name; `empty` is said if there are none, and people read `sentence` of each row if it is given."""
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

    def __init__(self, *, exact_names: bool = False) -> None:
        """Print to this process's output; `exact_names` leaves column names as they are instead of making words of them."""
        from rich.console import Console

        self.exact_names = exact_names
        self.console = Console(highlight=False)
        self.console.soft_wrap = (
            not self.console.is_terminal
        )  # sentences break between words on a terminal, never in a pipe
        if not self.console.is_terminal:
            self.console.width = UNLIMITED  # Rich never prints wider than its console, and a pipe has no edge
        self.errors = Console(highlight=False, soft_wrap=True, stderr=True)

    def title(self, column: str) -> str:
        """Return the heading of a column."""
        return column if self.exact_names else column.replace("_", " ")

    def fail(self, text: str) -> None:
        """Print what went wrong, on standard error."""
        from rich.text import Text

        self.console.file.flush()
        self.errors.print(Text(text, style=self.STYLES["bad"]))

    def say(self, text: str, *, mood: str = "plain") -> None:
        """Print a sentence."""
        from rich.text import Text

        self.console.print(Text(text, style=self.STYLES[mood]))

    def table(
        self,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        empty: str = "",
        sentence: Callable[[Mapping[str, Any]], str] | None = None,
    ) -> None:
        """Print rows as a table with aligned numbers, one block per row where it is too wide, or as sentences."""
        del name
        if not rows and empty:
            self.say(empty, mood="quiet")
        elif sentence:
            for row in rows:
                self.say(sentence(row))
        elif rows:
            shown = [{self.title(column): cell(value) for column, value in row.items()} for row in rows]
            fits = _least_width(shown) <= self.console.width or not self.console.is_terminal
            (self._grid if fits else self._blocks)(rows, shown)

    def _grid(self, rows: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, str]]) -> None:
        """Print a table whose columns break between words alone."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, GAP, 0, 0))
        last = list(shown[0])[-1]
        for column, name in zip(rows[0], shown[0], strict=True):
            numeric = all(isinstance(row[column], int | float) for row in rows if row[column] is not None)
            unpadded = GAP if name == last else 0  # Rich counts a gap after the last column as well, and prints none
            least = max(_longest_word(name, shown) - unpadded, 1)
            whole = max(len(row[name]) for row in shown) <= least  # one word each: Rich must take its room elsewhere
            table.add_column(name, justify="right" if numeric else "left", min_width=least, no_wrap=whole)
        for row in shown:
            table.add_row(*map(Text, row.values()))
        wide = self.console.width if self.console.is_terminal else UNLIMITED
        self.console.print(table, width=wide, soft_wrap=False)

    def _blocks(self, _rows: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, str]]) -> None:
        """Print one line per value, so that nothing is broken."""
        width = max(map(len, shown[0]))
        for row in shown:
            for name, value in row.items():
                self.say(f"{name:<{width}}  {value}")
            self.say("")

    def facts(self, facts: Mapping[str, Any]) -> None:
        """People see these elsewhere."""

    def close(self) -> None:
        """Nothing is left to print."""


def _longest_word(name: str, shown: Sequence[Mapping[str, str]]) -> int:
    return max(len(word) for row in shown for word in (*name.split(), *row[name].split(), ""))


def _least_width(shown: Sequence[Mapping[str, str]]) -> int:
    """Return how wide a table is when all its columns are broken between words."""
    return sum(_longest_word(name, shown) + GAP for name in shown[0]) - GAP


class JsonOutput:
    """Collects results and prints one object."""

    def __init__(self) -> None:
        self.result: dict[str, Any] = {"ok": True}

    def say(self, text: str, *, mood: str = "plain") -> None:
        """Scripts are not spoken to."""

    def fail(self, text: str) -> None:
        """Scripts find errors among the facts."""

    def table(
        self,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        empty: str = "",
        sentence: Callable[[Mapping[str, Any]], str] | None = None,
    ) -> None:
        """Keep rows under their name."""
        del empty, sentence
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


def error_text(error: LakesmithError) -> str:
    r"""Return an error for a person, later lines of a part below the first, so that marks stay where they point.

    Examples:
        >>> print(error_text(LakesmithError("No.", where="LINE 1: selct 1\n        ^^^^^", fix="correct it")))
        No.
          where: LINE 1: selct 1
                         ^^^^^
          fix:   correct it
    """
    parts = [error.what]
    for label, text in (("  where: ", error.where), ("  fix:   ", error.fix)):
        if text:
            parts.append(label + text.replace("\n", "\n" + " " * len(label)))
    return "\n".join(parts)


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
