"""Catalogs behind an HTTP API: AWS Glue, and any server that speaks Iceberg's REST protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from pyiceberg.exceptions import NoSuchTableError

from lakesmith.errors import LakesmithError, MissingExtraError, StorageUnavailableError
from lakesmith.lake.stores.durable import NAME, to_properties
from lakesmith.model.places import LakeAddress

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog


def open_remote(address: LakeAddress) -> Catalog:
    """Return the catalog of a lake.

    Raises:
        MissingExtraError: If Glue's library is not installed.
        StorageUnavailableError: If it cannot be reached.
    """
    properties = {**to_properties(address.scheme, address.storage), "py-io-impl": NAME, "warehouse": address.root}
    with remote_errors(address.catalog_place):
        return _glue(address, properties) if address.catalog_kind == "glue" else _rest(address, properties)


def _glue(address: LakeAddress, properties: dict[str, str]) -> Catalog:
    try:
        from pyiceberg.catalog.glue import GlueCatalog
    except ImportError as error:
        raise MissingExtraError(
            "The Glue catalog needs boto3, which is not installed.",
            where="catalog:",
            fix="pip install 'lakesmith[glue]'",
        ) from error
    region, account = urlsplit(address.catalog_url).netloc, urlsplit(address.catalog_url).path.strip("/")
    keys = address.storage
    said = {
        "glue.region": region or keys.region,
        "glue.id": account,
        "glue.access-key-id": keys.access_key,
        "glue.secret-access-key": keys.secret_key,
        "glue.session-token": keys.session_token,
    }
    return GlueCatalog(address.catalog_name, **properties, **{key: value for key, value in said.items() if value})


def _rest(address: LakeAddress, properties: dict[str, str]) -> Catalog:
    from pyiceberg.catalog.rest import RestCatalog

    parts = urlsplit(address.catalog_url)
    login = {} if parts.username is None else {"credential": f"{parts.username}:{parts.password or ''}"}
    host = parts.netloc.rpartition("@")[2]
    uri = f"{parts.scheme.removeprefix('rest+')}://{host}{parts.path}"
    options: dict[str, Any] = dict(
        parse_qsl(parts.query)
    )  # token=, scope=, warehouse=, prefix= as PyIceberg names them
    return RestCatalog(address.catalog_name, **{**properties, "uri": uri, **login, **options})


@contextmanager
def remote_errors(place: str) -> Iterator[None]:
    """Turn what a catalog's client raises into errors a person can act on; a missing table stays what it is.

    Raises:
        StorageUnavailableError: If the catalog cannot be used.
    """
    try:
        yield
    except (LakesmithError, NoSuchTableError):
        raise
    except Exception as error:  # boto3 and requests have trees of their own, and are not always installed
        raise StorageUnavailableError(
            f"The lake catalog cannot be used ({type(error).__name__}).",
            where=place,
            fix="check its address, what these keys may do, and that it can be reached; then run the same command again",
        ) from error
