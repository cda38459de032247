"""How files arrive: in which order they are read, how far one looks back, and what is done with one that changes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Policy = Literal["reload", "ignore", "refuse"]
BY_MODE: dict[str, Policy] = {"append": "refuse", "dedupe": "reload"}
SETTLE_S = 10.0


class DeliverySettings(BaseModel):
    """Settings of how the files of a stream arrive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Literal["name", "time"] = Field(
        default="name",
        description=(
            "In which order files are read: `name` by day, then in the order of the patterns, then by name; `time` by when they were "
            "last changed, then by name. It decides which row is newest where a key comes twice."
        ),
    )
    look_back_days: int | None = Field(
        default=None,
        ge=0,
        description=(
            "For patterns with a day: files that were read, and whose day lies more than so many days before the newest one, are not "
            "looked at again, changed or vanished. A file that was never read is read, however old. Default: all are looked at."
        ),
    )
    on_rewrite: Policy | None = Field(
        default=None,
        description=(
            "What is done with a file that was read and has other content now (more than records at its end). `reload` reads it "
            "anew; in an `append` stream the rows of both versions are then in the table, told apart by `_ls_batch`. `ignore` keeps "
            "what was read and says so. `refuse` fails the stream until somebody has looked. Default: `reload` for `dedupe`, "
            "`refuse` for `append`. A `replace` stream reads all files anew whenever one changed, and has no choice here."
        ),
    )
    on_broken: Literal["skip", "stop"] | None = Field(
        default=None,
        description=(
            "What is done with a file that cannot be read at all: damaged, locked, or not what its name says. `skip`: it goes to "
            "quarantine with its reason, as one record read and one put aside (`max_rejects` counts it), the run says so, and the "
            "other files are loaded; none of its rows is, and it is tried again once it has changed, or a setting of the stream has. "
            "`stop` fails the stream until somebody has looked. Default: `skip`; `stop` for a `replace` stream, whose table would "
            "lose the rows of that file."
        ),
    )
    settle_s: float = Field(
        default=SETTLE_S,
        ge=0,
        description=(
            "A file in a folder or on an SFTP server that was changed less than so many seconds ago may still be written: a last "
            "record without its end, or a file that cannot be read as its format, then waits for a later run. 0: nothing waits. "
            "A `replace` stream never waits: it is made of whole files, or left as it was."
        ),
    )

    def skips_broken_in(self, mode: str) -> bool:
        """Return whether a stream of some mode goes on without a file that cannot be read."""
        return (self.on_broken or ("stop" if mode == "replace" else "skip")) == "skip"

    def on_rewrite_in(self, mode: str) -> Policy:
        """Return what is done with a rewritten file by a stream of some mode."""
        return self.on_rewrite or BY_MODE.get(mode, "reload")
