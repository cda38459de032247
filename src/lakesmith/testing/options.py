"""What is wrong with the options models of a connector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def faults_of(model: Any, name: str) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with an options model and the models inside it.

    Args:
        model: The class a connector calls `Options` or `StreamOptions`.
        name: What to call it.
    """
    from pydantic import BaseModel

    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        yield f"`{name}` is no pydantic model"
        return
    if not model.model_config.get("frozen"):
        yield f"`{name}` is not frozen: set `model_config = ConfigDict(frozen=True, extra='forbid')`"
    if model.model_config.get("extra") != "forbid":
        yield f"`{name}` takes keys nobody knows: set `model_config = ConfigDict(frozen=True, extra='forbid')`"
    for key, setting in model.model_fields.items():
        if not setting.description:
            yield f"`{name}.{setting.alias or key}` has no description"
        for part in _models_in(setting.annotation):
            yield from faults_of(part, f"{name}.{setting.alias or key}")


def _models_in(annotation: Any) -> Iterator[type[Any]]:
    from typing import get_args

    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
