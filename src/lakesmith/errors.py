"""Every error a person can meet, grouped by what they have to do about it.

    LakesmithError
    ├── ConfigError      fix the project file, the command or the environment      exit 2
    │   ├── ProjectFileError      ProjectNotFoundError      SelectionError
    │   ├── MissingValueError     ConnectorOptionsError     UsageError
    │   └── MissingExtraError     LakeMovedError
    ├── RetriableError   nothing is wrong with the project: try again              exit 3
    │   ├── RunInProgressError    StorageFullError          StorageUnavailableError
    │   └── CatalogLockedError    BuildFileBusyError
    ├── SkippableError   one stream, model or data set failed; the rest went on    exit 1
    │   ├── SourceDataError       SourceMissingError        DriftRefusedError
    │   ├── TooManyRejectsError   TransformError            PublishError
    │   └── RunFailedError        EmptiedError
    └── FatalError       stop: a person has to look before anything is loaded      exit 4
        ├── RowLawError           FencedError               ForeignCommitError
        ├── CatalogBrokenError    ClockBehindError          CommitUnknownError
        └── StoreBrokenError

The text says what happened, where, and what to do. It never holds a row's value or a secret.
"""

from __future__ import annotations

from typing import Any, ClassVar


class LakesmithError(Exception):
    """The root. `what` happened, `where` (file:line, stream, column, row; may be empty), `fix` = what to do about it."""

    exit_code: ClassVar[int] = 1
    remedy: ClassVar[str] = "look"

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by fields, so that an error survives the way out of a worker process."""
        return (_rebuild, (type(self), self.what, self.where, self.fix))

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix:   {self.fix}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return the error as plain values, for `--json`, the log and the run store."""
        return {
            "error": type(self).__name__,
            "remedy": self.remedy,
            "what": self.what,
            "where": self.where,
            "fix": self.fix,
        }


def _rebuild(kind: type[LakesmithError], what: str, where: str, fix: str) -> LakesmithError:
    error = kind.__new__(kind)
    LakesmithError.__init__(error, what, where=where, fix=fix)
    return error


class ConfigError(LakesmithError):
    """Something a person wrote has to change: the project file, the command line or the environment."""

    exit_code = 2
    remedy = "fix the project"


class ProjectFileError(ConfigError):
    """`lakesmith.yml`, or a file it includes, says something that cannot be meant. Lists every fault at once."""


class ProjectNotFoundError(ConfigError):
    """No `lakesmith.yml` here or above."""


class MissingValueError(ConfigError):
    """A `${env:…}` or `${file:…}` reference has no value."""


class ConnectorOptionsError(ConfigError):
    """A connector cannot work with its options: an unknown type, a bad pattern, a format nobody reads."""


class SelectionError(ConfigError):
    """A selection names nothing, or is not in the grammar."""


class UsageError(ConfigError):
    """A command was called in a way that cannot work."""


class MissingExtraError(ConfigError):
    """A family needs an extra that is not installed; the text holds the command that installs it."""


class LakeMovedError(ConfigError):
    """The lake was moved to another place; nothing is loaded into the old one any more."""


class RetriableError(LakesmithError):
    """Nothing is wrong with the project: the same command can work later."""

    exit_code = 3
    remedy = "try again"


class RunInProgressError(RetriableError):
    """Another run of this project and target is going on."""


class BuildFileBusyError(RetriableError):
    """Another program has the engine's private build file open."""


class StorageFullError(RetriableError):
    """The disk is full. Nothing of the batch became visible."""


class StorageUnavailableError(RetriableError):
    """A file or an object store could not be reached or written."""


class CatalogLockedError(RetriableError):
    """The lake catalog stayed locked by somebody else."""


class SkippableError(LakesmithError):
    """One stream, model or data set failed; what does not depend on it went on."""

    exit_code = 1
    remedy = "skip"


class SourceDataError(SkippableError):
    """A source sent something that cannot be read as a whole, such as a file that is not text."""


class SourceMissingError(SkippableError):
    """A source has nothing where its options point."""


class DriftRefusedError(SkippableError):
    """The shape of a source changed and its policy is `freeze`. Nothing was loaded."""


class TooManyRejectsError(SkippableError):
    """More rows than the stream's threshold would go to quarantine. Nothing was loaded."""


class EmptiedError(SkippableError):
    """A stream whose loads replace the table sent no record at all. The table stays as it was."""


class TransformError(SkippableError):
    """dbt could not build a model, or a test failed."""


class PublishError(SkippableError):
    """A data set could not be written out."""


class RunFailedError(SkippableError):
    """A run ended with failed steps; each has been reported where it failed."""


class FatalError(LakesmithError):
    """Stop: a person has to look before anything more is loaded."""

    exit_code = 4
    remedy = "stop and look"


class RowLawError(FatalError):
    """read = written + quarantined + filtered does not hold. Nothing was committed."""


class FencedError(FatalError):
    """Another loader committed to this table meanwhile. Nothing of this batch became visible."""


class ForeignCommitError(FatalError):
    """The table was changed by something that is not Lakesmith, so where to resume is not known."""


class CatalogBrokenError(FatalError):
    """The lake catalog, or a metadata file it points to, cannot be read."""


class ClockBehindError(FatalError):
    """This machine's clock is far behind the newest commit of a table."""


class CommitUnknownError(FatalError):
    """A commit got no answer and the catalog cannot be read to find out. The next run finds out by itself."""


class StoreBrokenError(FatalError):
    """The run store cannot be read. It is a record only: the lake does not depend on it."""
