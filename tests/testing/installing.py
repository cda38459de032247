"""A package put where `pip install --target` would put it, without network and without pip."""

import shutil
import tomllib
from pathlib import Path


def install(package: Path, target: Path) -> None:
    """Install the project in `package` (hatchling, `src` layout) into the folder `target`, entry points and all."""
    project = tomllib.loads((package / "pyproject.toml").read_text())
    about = project["project"]
    for folder in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        shutil.copytree(package / folder, target / Path(folder).name, ignore=shutil.ignore_patterns("__pycache__"))
    info = target / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {about['name']}\nVersion: {about['version']}\n")
    groups = about["entry-points"].items()
    sections = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())])
        for group, entries in groups
    ]
    (info / "entry_points.txt").write_text("\n\n".join(sections) + "\n")
