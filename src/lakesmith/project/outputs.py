"""Where a project loads, builds and publishes: the targets and the publish entries of its file."""

from __future__ import annotations

from posixpath import normpath
from typing import Any

from lakesmith.model.places import Storage, scheme_of
from lakesmith.project.config import PublishConfig, TargetConfig
from lakesmith.project.connectors import ENGINES, PUBLISHERS
from lakesmith.project.faults import Path, nearest
from lakesmith.project.paths import LOCAL
from lakesmith.project.sections import Sheet, split_keys
from lakesmith.project.settings import PublishSettings, TargetSettings
from lakesmith.project.wording import keys_of


def read_targets(sheet: Sheet) -> dict[str, TargetConfig]:
    """Return the targets of a project, `local` first unless the file describes it; what is wrong becomes faults."""
    entries = sheet.named(("targets",))
    data = entries if LOCAL in entries else {LOCAL: {}, **entries}
    targets = {name: _read_target(sheet, name, entry) for name, entry in data.items()}
    known = {name: target for name, target in targets.items() if target is not None}
    _check_owners(sheet, known)
    _check_places(sheet, known)
    return known


def _read_target(sheet: Sheet, name: str, data: dict[str, Any]) -> TargetConfig | None:
    path: Path = ("targets", name)
    own, rest = split_keys(data, TargetSettings)
    settings = sheet.check(TargetSettings, own, path)
    engine = data.get("engine", TargetSettings.model_fields["engine"].default)
    found = sheet.plug_in(ENGINES, engine, (*path, "engine")) if isinstance(engine, str) and engine else None
    options = sheet.check(found.Options, rest, path, beside=keys_of(TargetSettings)) if found else None
    missing = sheet.missing(path)
    where = sheet.where(path) if path in sheet.document.keys else ""
    if settings is None:
        return TargetConfig(name, str(engine), options=options, where=where, missing=missing) if missing else None
    return TargetConfig(
        name=name,
        engine=settings.engine,
        lake=settings.lake,
        catalog=settings.catalog,
        storage=_storage(settings),
        bronze=settings.bronze,
        ingest=settings.bronze is None if settings.ingest is None else settings.ingest,
        sample=settings.sample,
        options=options,
        where=where,
        missing=missing,
    )


def _storage(settings: TargetSettings) -> Storage:
    return Storage() if settings.storage is None else Storage.of(settings.storage.model_dump())


def _check_places(sheet: Sheet, targets: dict[str, TargetConfig]) -> None:
    """A bucket has no place for a SQLite catalog, and needs to be told how it is reached."""
    for name, target in targets.items():
        path, scheme = ("targets", name), scheme_of(target.lake)
        if scheme and target.catalog is None and target.bronze is None and not target.missing:
            sheet.fault(
                (*path, "lake"),
                "a lake in a bucket needs a `catalog:`: postgresql://… for a team, or sqlite:///catalog.db for a file in this "
                "folder that this machine alone loads with",
            )
        if scheme == "az" and not target.storage.account and not target.missing:
            sheet.fault((*path, "lake"), "an az:// lake needs the name of its storage account: `storage: {account: …}`")
        if not scheme and target.storage != Storage():
            sheet.fault((*path, "storage"), "is for lakes in buckets, and this one is a folder")


def _check_owners(sheet: Sheet, targets: dict[str, TargetConfig]) -> None:
    """Only the target that owns a lake may load into it."""
    owners: dict[str, str] = {}
    written = sheet.resolved.data.get("targets")
    names = (*(written if isinstance(written, dict) else ()), LOCAL)
    for name, target in targets.items():
        path = ("targets", name)
        if target.bronze is not None:
            quoted = sheet.quote(target.bronze, (*path, "bronze"))
            near = nearest(target.bronze, set(names) - {name}) if quoted.startswith('"') else ""
            if target.bronze == name or target.bronze not in names:
                sheet.fault(
                    (*path, "bronze"),
                    f"{quoted} is no other target{near}",
                )
            elif target.bronze in targets and targets[target.bronze].bronze is not None:
                sheet.fault((*path, "bronze"), f"{quoted} reads the bronze of another target itself: name the owner")
            if target.ingest:
                sheet.fault(
                    (*path, "ingest"), "a target that reads the bronze of another cannot load: only the owner may"
                )
        elif target.ingest and path in sheet.document.keys:  # `local` may be there beside another without a word
            owner = owners.setdefault(target.lake if "://" in target.lake else normpath(target.lake), name)
            if owner != name:
                sheet.fault(
                    (*path, "lake"), f'the target "{owner}" loads into this lake: write `bronze: {owner}` to read it'
                )


def check_default_target(sheet: Sheet, name: str) -> None:
    """Note a fault if the default target is not described."""
    targets = sheet.resolved.data.get("targets")
    names = {LOCAL, *(targets if isinstance(targets, dict) else ())}
    if name not in names:
        quoted = sheet.quote(name, ("default_target",))
        near = nearest(name, names) if quoted.startswith('"') else ""
        sheet.fault(("default_target",), f"there is no target {quoted}{near}")


def read_publish(sheet: Sheet) -> dict[str, PublishConfig]:
    """Return the publish entries of a project; what is wrong becomes faults."""
    entries = {name: _read_publish(sheet, name, data) for name, data in sheet.named(("publish",)).items()}
    return {name: entry for name, entry in entries.items() if entry is not None}


def _read_publish(sheet: Sheet, name: str, data: dict[str, Any]) -> PublishConfig | None:
    path: Path = ("publish", name)
    own, rest = split_keys(data, PublishSettings)
    settings = sheet.check(PublishSettings, own, path)
    kind = data.get("format")
    found = sheet.plug_in(PUBLISHERS, kind, (*path, "format")) if isinstance(kind, str) and kind else None
    options = sheet.check(found.Options, rest, path, beside=keys_of(PublishSettings)) if found else None
    if found and settings:
        _check_path(sheet, path, settings, needs_path=getattr(found, "needs_path", True))
    missing, where = sheet.missing(path), sheet.where(path)
    if settings is None:
        return PublishConfig(name, "", str(kind), "", options, where, missing) if missing else None
    _check_targets(sheet, path, settings.targets or ())
    return PublishConfig(
        name, settings.select, settings.format, settings.path, options, where, missing, settings.targets
    )


def _check_path(sheet: Sheet, path: Path, settings: PublishSettings, *, needs_path: bool) -> None:
    """A format that writes files needs to know where; another one knows it by itself."""
    if needs_path and settings.path is None and not sheet.missing(path):
        sheet.fault(path, f"needs a `path`: format {settings.format} writes files")
    if not needs_path and settings.path is not None:
        sheet.fault((*path, "path"), f"is for formats that write files; {settings.format} has keys of its own")


def _check_targets(sheet: Sheet, path: Path, targets: tuple[str, ...]) -> None:
    written = sheet.resolved.data.get("targets")
    names = {LOCAL, *(written if isinstance(written, dict) else ())}
    for name in targets:
        if name not in names:
            sheet.fault((*path, "targets"), f'there is no target "{name}"{nearest(name, names)}')
