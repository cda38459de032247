"""How much may come out of one packed file: a bomb is small, and what it unpacks to has no end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.limits import GB, PACKED_RATIO, UNSUSPECTED_BYTES


@dataclass(slots=True)
class Budget:
    """What came out of a packed file so far, all its members together, and what may.

    `packed` is the size of the file in bytes, `most` the most that may come out of it.
    """

    name: str
    packed: int
    most: int
    spent: int = field(default=0, init=False)

    def spend(self, size: int) -> None:
        """Count bytes that came out.

        Raises:
            SourceDataError: If they are more than may come out of the file.
        """
        self.spent += size
        self.check(self.spent)

    def check(self, size: int) -> None:
        """See that `size` bytes may come out of the file.

        Raises:
            SourceDataError: If they may not.
        """
        if size > self.most:
            self._refuse(
                f"unpacks to more than {self.most / GB:g} GB",
                "raise `max_unpacked_gb` for the stream, if the file is meant to be that large",
            )
        if size > UNSUSPECTED_BYTES and size > PACKED_RATIO * self.packed:
            self._refuse(
                f"unpacks to more than {PACKED_RATIO:,} times its size, as no file of records does",
                "ask whoever sent it what it is; if it is what you want, unpack it by hand",
            )

    def _refuse(self, why: str, fix: str) -> NoReturn:
        raise SourceDataError(f"A packed file {why}. Nothing of it was loaded.", where=self.name, fix=fix)


def refuse_broken(name: str, offset: int, why: str) -> SourceDataError:
    """Return the error for a packed file that cannot be unpacked to its end; `offset` is where in the file reading stood."""
    return SourceDataError(
        f"A packed file is broken: {why}. Nothing of it was loaded.",
        where=f"{name}, byte {offset}",
        fix="have it delivered again; a delivery that is renamed into place when whole is never caught half-way",
    )
