"""What all demos do: make a project, run it, kill a run, and hold its marts against the truth."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.errors import UsageError

if TYPE_CHECKING:
    from lakesmith.api import Project, RunResult
    from lakesmith.cli.output import TerminalOutput
    from lakesmith.simulate.proof import Proof, Rows


@dataclass(frozen=True, slots=True)
class Stage:
    """A demo's project and where it speaks."""

    folder: Path
    output: TerminalOutput

    @property
    def page(self) -> Path:
        """The page that a run writes."""
        return self.folder / "warehouse" / "report" / "index.html"

    def make(self, template: str) -> None:
        """Make the project.

        Raises:
            UsageError: If the folder has something in it.
        """
        from lakesmith.project import Connectors, ProjectPaths, init_project, write_schema

        if self.folder.exists() and any(self.folder.iterdir()):
            raise UsageError(
                "The demo needs an empty folder.",
                where=str(self.folder),
                fix="name another one: lakesmith demo NAME, or remove this one",
            )
        init_project(self.folder, template=template, here=False)
        write_schema(ProjectPaths(self.folder), Connectors.installed())
        self.title(f"A project in {self.folder}, from the template {template}")

    def title(self, text: str) -> None:
        """Say what comes now."""
        self.output.say(f"\n{text}", mood="head")

    def run(self, on: date, *, project: Project | None = None, may_fail: bool = False) -> RunResult:
        """Run the project as of a date; what goes wrong ends the demo.

        Args:
            on: The date.
            project: The project, opened in another way than people open it; None: as they do.
            may_fail: Whether a run that fails is part of the demo; its errors are shown.

        Raises:
            SystemExit: If the run failed, and may not.
        """
        import lakesmith
        from lakesmith.cli.progress import Progress
        from lakesmith.cli.run import report

        project = project or lakesmith.open(self.folder)
        with Progress(self.output.console) as progress:
            result = project.run(on=on, recorders=(progress,))
        if not result.ok and result.state != "stopped":
            report(project, result, self.output)
            if not may_fail:
                raise SystemExit(1)
        return result

    def killed_run(self, at: str) -> None:
        """Run the project in a process that is killed at a crash point."""
        self.output.say(" … and the run is killed in the middle of a load (kill -9).", mood="quiet")
        env = {**os.environ, "LAKESMITH_CRASH": at}
        killed = subprocess.run(
            [sys.executable, "-m", "lakesmith", "run", "--project", str(self.folder)], env=env, check=False
        )
        self.output.say(f" ✕ killed by signal {-killed.returncode}.", mood="warn")
        self.output.say(" The same command again: what was committed stays, the rest is loaded.", mood="quiet")

    def prove(self, expected: Mapping[str, Rows], columns: Mapping[str, tuple[str, ...]]) -> bool:
        """Return whether every mart equals the truth, and say so."""
        import lakesmith
        from lakesmith.simulate.proof import compare

        project = lakesmith.open(self.folder)

        def read(mart: str, columns: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
            """Yield the rows of a published mart."""
            for batch in project.table(mart).to_arrow().select(list(columns)).to_batches():
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

        proofs = [compare(mart, expected[mart], read(mart, names)) for mart, names in columns.items()]
        return self._say(proofs)

    def _say(self, proofs: list[Proof]) -> bool:
        wrong = [proof for proof in proofs if not proof.holds]
        if wrong:
            names = ", ".join(f"{proof.mart} ({proof.missing:,} missing, {proof.wrong:,} wrong)" for proof in wrong)
            self.output.say(f" ✕ differs from the simulator's truth: {names}", mood="bad")
            return False
        rows = sum(proof.rows for proof in proofs)
        self.output.say(
            f" ✓ {len(proofs)} marts, {rows:,} rows: equal to the simulator's truth, value by value.", mood="good"
        )
        return True
