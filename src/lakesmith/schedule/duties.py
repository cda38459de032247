"""What a project wants to be run by itself, and when."""

from __future__ import annotations

from dataclasses import dataclass

from lakesmith.project.config import ProjectConfig
from lakesmith.project.settings import Schedule

EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Duty:
    """A part of the project with its rhythm. `select` and `exclude` are in dbt's grammar, empty for the whole project."""

    name: str
    schedule: Schedule
    select: str = ""
    exclude: str = ""

    def words(self) -> list[str]:
        """Return what follows `lakesmith run`.

        Examples:
            >>> Duty("orders", Schedule(every="2h"), "source:app.orders+").words()
            ['--select', 'source:app.orders+']
        """
        return [
            word
            for option, value in (("--select", self.select), ("--exclude", self.exclude))
            if value
            for word in (option, value)
        ]

    def rhythm(self) -> str:
        """Return the rhythm as the project file has it."""
        said = self.schedule
        if said.cron is not None:
            return f'cron "{said.cron}", {said.timezone}'
        seconds = int(said.every.total_seconds()) if said.every else 0
        size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
        return f"every {seconds // size}{unit}"


def duties_of(config: ProjectConfig) -> tuple[Duty, ...]:
    """Return the duties of a project: all of it by the project's schedule, and each pipeline that has one of its own.

    A pipeline without one is part of the whole; where the project has no schedule, it is run by nobody.
    """
    whole = (Duty(EVERYTHING, config.schedule),) if config.schedule else ()
    parts = (
        Duty(name, pipeline.schedule, pipeline.select, pipeline.exclude or "")
        for name, pipeline in config.pipelines.items()
        if pipeline.schedule
    )
    return (*whole, *parts)


_UNITS = ((604800, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
