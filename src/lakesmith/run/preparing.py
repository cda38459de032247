"""What dbt needs beside the project, and the process that an order asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.errors import UsageError
from lakesmith.run.workshop import Order, Workshop

if TYPE_CHECKING:
    from lakesmith.dbt.program import DbtRequest

PROFILE = "lakesmith"


def prepare(shop: Workshop) -> None:
    """Write what dbt needs beside the project: the profile and the bundled package."""
    from lakesmith.dbt.profile import install_package, write_profiles

    need_dbt_project(shop.paths.root)

    write_profiles(shop.paths, {shop.target.name: shop.engine.profile()}, shop.target.name, name=profile_name(shop))
    install_package(shop.paths)


def need_dbt_project(root: Path) -> None:
    """Refuse to work without a dbt project.

    Raises:
        UsageError: If `dbt_project.yml` is missing.
    """
    if not (root / "dbt_project.yml").is_file():
        raise UsageError(
            "There is no dbt project here yet.",
            where=str(root / "dbt_project.yml"),
            fix="`lakesmith init --here` adds what is missing and changes nothing that is there",
        )


def profile_name(shop: Workshop) -> str:
    """Return the profile that `dbt_project.yml` asks for."""
    import yaml

    raw = yaml.safe_load((shop.paths.root / "dbt_project.yml").read_text("utf-8"))
    return str((raw or {}).get("profile") or PROFILE)


def request(
    shop: Workshop,
    *,
    command: str = "build",
    order: Order | None = None,
    left_out: Sequence[str] = (),
    run_id: str = "",
) -> DbtRequest:
    """Return the dbt process that an order needs; `left_out` are selectors of what lost its input."""
    from lakesmith.dbt.program import DbtRequest

    asked = order or Order()
    return DbtRequest(
        root=shop.paths.root,
        profiles=shop.paths.profiles,
        target=shop.target.name,
        logs=shop.paths.logs,
        run_id=run_id,
        command=command,
        select=asked.select,
        exclude=(*asked.exclude, *left_out),
        full_refresh=asked.full_refresh,
        env={**shop.config.environment, **shop.address.storage.secrets(), **_of_engine(shop)},
    )


def _of_engine(shop: Workshop) -> dict[str, str]:
    """Return the variables that the engine's profile names; an engine without secrets has none."""
    environment = getattr(shop.engine, "environment", None)
    return dict(environment()) if environment else {}
