"""Arrow, for arrays whose type is known only at run time: the library's stubs can describe only those whose type is written down."""

from __future__ import annotations

from typing import Any, TypeAlias

import pyarrow  # noqa: ICN001 - `pa` is the name of the view without stubs
import pyarrow.compute

pa: Any = pyarrow
pc: Any = pyarrow.compute

Array: TypeAlias = Any
"""A `pyarrow.Array` of any type."""
