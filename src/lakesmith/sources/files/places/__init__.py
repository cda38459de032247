"""Where files lie: a local folder, an object store, a server."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.places import scheme_of
from lakesmith.sources.files.places.local import LocalPlace

if TYPE_CHECKING:
    from lakesmith.model.streams import SourceContext
    from lakesmith.sources.files.options import FilesOptions
    from lakesmith.sources.files.places.place import Place

FAR = {
    "s3": "lakesmith.sources.files.places.s3",
    "gs": "lakesmith.sources.files.places.objects",
    "az": "lakesmith.sources.files.places.objects",
    "abfs": "lakesmith.sources.files.places.objects",
    "http": "lakesmith.sources.files.places.web",
    "https": "lakesmith.sources.files.places.web",
    "sftp": "lakesmith.sources.files.places.sftp",
}
"""The module of each kind of place by the scheme of its URL; its `connect(address)` returns the place."""


def open_place(options: FilesOptions, context: SourceContext) -> Place:
    """Return the place of a source; nothing is opened before it is used.

    Raises:
        ConnectorOptionsError: If nobody knows such a place, or a setting has no meaning for it.
    """
    scheme = scheme_of(options.root)
    _refuse_idle_settings(options, scheme, context.where)
    if not scheme:
        return LocalPlace(context.root / Path(options.root).expanduser())
    from lakesmith.sources.files.places.address import Address
    from lakesmith.sources.files.places.remote import RemotePlace

    if scheme not in FAR:
        raise ConnectorOptionsError(
            f"Files cannot be read from `{scheme}://`.",
            where=context.where,
            fix=f"use a folder, or one of {', '.join(f'{known}://' for known in FAR)}",
        )
    address = Address.of(options, context.where)
    return RemotePlace(address, lambda: import_module(FAR[scheme]).connect(address))


def _refuse_idle_settings(options: FilesOptions, scheme: str, where: str) -> None:
    if not scheme and options.storage.model_fields_set:
        raise ConnectorOptionsError(
            "`storage` is for places far away, and `root` is a folder.",
            where=where,
            fix="leave it out, or give `root` as a URL",
        )
    if options.index is not None and scheme not in ("http", "https"):
        raise ConnectorOptionsError(
            "`index` is for web servers: any other place lists its files.", where=where, fix="leave it out"
        )
