"""Where a server that is read fails, and what a kind of failure says: its error, what happened, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from lakesmith.errors import LakesmithError


@dataclass(frozen=True, slots=True)
class Scene:
    """Where something happens: the server's `place` (never user or password), the project file's line, and what it is `about`."""

    place: str
    where: str = ""
    about: str = ""

    @property
    def said(self) -> str:
        """As an error's `where`."""
        return ", ".join(part for part in (self.about, self.place, self.where) if part)


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of failure: the error it becomes, what happened, and what to do."""

    error: type[LakesmithError]
    what: str
    fix: str

    def at(self, scene: Scene, code: str = "") -> LakesmithError:
        """Return the error a person can act on; `code` is what the server calls the failure, such as `SQLSTATE 42501`."""
        shown = f" ({code})" if code else ""
        return self.error(self.what.removesuffix(".") + shown + ".", where=scene.said, fix=self.fix)
