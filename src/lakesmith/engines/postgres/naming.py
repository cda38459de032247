"""Names that PostgreSQL would cut: refused where two things would become one, and told where nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.copies import Name
from lakesmith.errors import ConfigError
from lakesmith.model.loads import BronzeSnapshot

NAMED = 3


def check(wanted: Mapping[Name, BronzeSnapshot]) -> Iterator[str]:
    """Yield a sentence for each table with columns whose names are cut.

    Raises:
        ConfigError: If the name of a schema or a table is too long, or two columns would have the same name.
    """
    for name, table in wanted.items():
        if long := next((part for part in name if len(part.encode()) > sql.LONGEST_NAME), None):
            raise ConfigError(
                f"The name {long} is longer than PostgreSQL takes: {sql.LONGEST_NAME} bytes.",
                where=str(table.stream),
                fix="give the source or the stream a shorter name in this project",
            )
        names = [field.name for field in table.schema]
        _refuse_twins(table, names)
        if cut := [one for one in names if sql.cut(one, "") != one]:
            yield (
                f"{len(cut)} {'column' if len(cut) == 1 else 'columns'} of {table.stream} have longer names than PostgreSQL takes"
                f" and are cut there: {', '.join(cut[:NAMED])}{' …' if len(cut) > NAMED else ''}."
            )


def _refuse_twins(table: BronzeSnapshot, names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(sql.cut(name, ""), name)
        if other != name:
            raise ConfigError(
                f"The columns {other} and {name} would have the same name in PostgreSQL, which takes {sql.LONGEST_NAME} bytes.",
                where=str(table.stream),
                fix="leave one out (`exclude:` of the stream), or give it another name in the source",
            )
