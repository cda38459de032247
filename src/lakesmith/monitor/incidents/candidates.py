"""Causes by what they touch, so that of a thousand only the few are asked that could lead to what is seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lakesmith.monitor.incidents import naming
from lakesmith.monitor.incidents.values import LOST

if TYPE_CHECKING:
    from lakesmith.monitor.incidents.values import Cause


class Candidates:
    """Causes by key, in the order they came, and by subject."""

    def __init__(self, causes: Iterable[Cause] = ()) -> None:
        self.causes: dict[str, Cause] = {}
        self._touching: dict[str, dict[str, None]] = {}
        self._wide: dict[str, None] = {}
        for cause in causes:
            self.put(cause)

    def put(self, cause: Cause) -> None:
        """Keep a cause, in the place of one with the same key."""
        self.causes[cause.key] = cause
        subjects = {one.subject for one in (*cause.parts, *cause.hits)}
        for subject in subjects:
            self._touching.setdefault(subject, {})[cause.key] = None
        is_run = cause.rule == LOST or naming.WHOLE_RUN in subjects
        if is_run or cause.facts.get("whole_source") or any(map(naming.is_group, (cause.subject, *subjects))):
            self._wide[cause.key] = None

    def near(self, subject: str, above: Iterable[str]) -> list[Cause]:
        """Return the causes that touch a subject or what it is made from, and those that touch many at once."""
        if naming.is_group(subject):
            return list(self.causes.values())
        keys = dict.fromkeys(key for one in (subject, *above) for key in self._touching.get(one, ()))
        return [self.causes[key] for key in keys | self._wide]
