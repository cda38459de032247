"""The command that does a duty, and where it is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lakesmith.schedule.duties import Duty


@dataclass(frozen=True, slots=True)
class Place:
    """What a printed schedule has to know: the project's name and folder, the target, the program."""

    project: str
    folder: Path
    target: str
    program: str


def command_of(duty: Duty, place: Place) -> list[str]:
    """Return program and arguments of a duty's run, for a machine that has the project folder."""
    return [place.program, "run", "--project", str(place.folder), "--target", place.target, *duty.words()]
