"""A lake to a new place, while no run of this project goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lakesmith.api.running import locked
from lakesmith.errors import UsageError
from lakesmith.model.places import LakeAddress, Storage, scheme_of
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.lake.moving.move import Moved


def move_lake(shop: Workshop, *, to: str | None = None, catalog: str | None = None, here: bool = False) -> Moved:
    """Move the lake of the workshop's target, or settle a copied one where it is; see `lakesmith.lake.moving.move` for what it raises.

    Args:
        shop: The project on the target that owns the lake.
        to: Another target of the project, a folder, or the URL of a bucket.
        catalog: The catalog of the new place, for a folder or a URL.
        here: Settle a copied folder instead.

    Raises:
        UsageError: If it is not said where to, or it cannot be meant so.
        RunInProgressError: If a run of this project and target goes on.
    """
    from lakesmith.lake.lake import Lake
    from lakesmith.lake.moving.move import move

    source = shop.lake
    if here == (to is not None):
        raise UsageError(
            "A move needs a place.", fix="name it with `--to TARGET` or `--to s3://…`; or `--here` for a copied lake"
        )
    target = source if to is None else Lake(_address(shop, to, catalog), shop.host)
    with locked(shop, "lakesmith lake move"):
        return move(source, target)


def _address(shop: Workshop, to: str, catalog: str | None) -> LakeAddress:
    if to in shop.config.targets:
        if catalog is not None:
            raise UsageError(f"The target {to} has a catalog of its own.", fix="leave `--catalog` out")
        return shop.config.lake_of(shop.config.target(to))
    from pydantic import ValidationError

    from lakesmith.project.settings import TargetSettings

    try:
        said = TargetSettings(lake=to, catalog=catalog)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UsageError(
            f"`--{'to' if first['loc'] == ('lake',) else 'catalog'}` {first['msg']}.",
            fix="see `lakesmith lake move --help`",
        ) from None
    if scheme_of(said.lake) and said.catalog is None:
        raise UsageError(
            "A lake in a bucket needs a catalog.",
            fix="add `--catalog postgresql://…`, or describe the place as a target and name that",
        )
    described = replace(shop.target, lake=said.lake, catalog=said.catalog, bronze=None, storage=Storage())
    return shop.config.lake_of(described)
