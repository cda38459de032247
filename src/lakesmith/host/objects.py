"""Object stores as pyarrow's file systems, and their complaints as errors a person can act on."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lakesmith.errors import StorageFullError, StorageUnavailableError
from lakesmith.model.places import LAKE_SCHEMES, Storage, scheme_of

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

ATTEMPTS = 5
CONNECT_TIMEOUT_S = 10.0
REQUEST_TIMEOUT_S = 20.0

_CODE = re.compile(r"AWS Error ([A-Z_]+)(?: \(HTTP status (\d+)\))?")
_FULL = re.compile(r"quota ?exceeded|storage ?full|insufficient ?storage|no space left|HTTP status 507", re.IGNORECASE)
_DENIED = re.compile(
    r"access.?denied|forbidden|HTTP status 40[13]|ACCESS_KEY|SIGNATURE|CREDENTIAL|TOKEN|permission|authenticat|authoriz",
    re.IGNORECASE,
)
_NO_BUCKET = re.compile(r"NO_SUCH_BUCKET|bucket does not exist|ContainerNotFound", re.IGNORECASE)


def key_of(url: str) -> str:
    """Return `bucket/key` as pyarrow names an object.

    Examples:
        >>> key_of("s3://acme-lake/bronze/a.parquet")
        'acme-lake/bronze/a.parquet'
    """
    return url.partition("://")[2]


def connect(scheme: str, storage: Storage) -> FileSystem:
    """Return the file system of `s3`, `gs` or `az`; one per process and setting, as its connections do not outlive a fork.

    Raises:
        StorageUnavailableError: If it cannot be set up.
    """
    return _connect(scheme, storage, os.getpid())


@lru_cache(maxsize=16)
def _connect(scheme: str, storage: Storage, _process: int) -> FileSystem:
    with object_errors(f"{scheme}://"):
        return _MAKERS[scheme](storage)


def _s3(storage: Storage) -> FileSystem:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    options: dict[str, Any] = {
        "allow_delayed_open": True  # small objects in one request, without a multipart upload that a crash leaves behind
    }
    return S3FileSystem(
        access_key=storage.access_key,
        secret_key=storage.secret_key,
        session_token=storage.session_token,
        anonymous=storage.anonymous,
        region=storage.region,
        **_endpoint(storage),
        **options,
        connect_timeout=CONNECT_TIMEOUT_S,
        request_timeout=REQUEST_TIMEOUT_S,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


def _gs(storage: Storage) -> FileSystem:
    from datetime import timedelta

    from pyarrow.fs import GcsFileSystem

    return GcsFileSystem(
        anonymous=storage.anonymous, retry_time_limit=timedelta(seconds=REQUEST_TIMEOUT_S), **_endpoint(storage)
    )


def _az(storage: Storage) -> FileSystem:
    from pyarrow.fs import AzureFileSystem

    said = _endpoint(storage)
    names = {"scheme": ("blob_storage_scheme", "dfs_storage_scheme")}
    names["endpoint_override"] = ("blob_storage_authority", "dfs_storage_authority")
    places = {name: value for key, value in said.items() for name in names[key]}
    return AzureFileSystem(storage.account or "", account_key=storage.secret_key, **places)


_MAKERS: dict[str, Callable[[Storage], FileSystem]] = {"s3": _s3, "gs": _gs, "az": _az}
SCHEMES = LAKE_SCHEMES


def _endpoint(storage: Storage) -> dict[str, Any]:
    if not storage.endpoint:
        return {}
    scheme = scheme_of(storage.endpoint) or "https"
    return {"scheme": scheme, "endpoint_override": (key_of(storage.endpoint) or storage.endpoint).rstrip("/")}


@contextmanager
def object_errors(url: str) -> Iterator[None]:
    """Turn the complaints of an object store about `url` into errors a person can act on. What it said itself is left out: it may name keys.

    Raises:
        StorageFullError: If a quota is used up.
        StorageUnavailableError: If the object cannot be read or written.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise StorageUnavailableError(
            "There is no such object.",
            where=url,
            fix="check that the bucket is the one the lake was made in, and that no rule of the bucket deletes objects",
        ) from error
    except (OSError, ValueError) as error:  # ArrowInvalid is a ValueError
        raise _translated(str(error), url) from error


def _translated(said: str, url: str) -> StorageFullError | StorageUnavailableError:
    if _FULL.search(said):
        return StorageFullError(
            "The object store takes no more bytes; nothing of this batch became visible.",
            where=url,
            fix="raise the quota or free some space, and run the same command again: loading resumes where it was",
        )
    reasons = (
        (_NO_BUCKET, "there is no such bucket", "make the bucket, or correct its name in `lake:`"),
        (_DENIED, "access was denied", "check the keys and what they may do: read, write and list below the lake"),
    )
    for pattern, reason, fix in reasons:
        if pattern.search(said):
            return StorageUnavailableError(f"The object store cannot be used: {reason}.", where=url, fix=fix)
    found = _CODE.search(said)
    code = f" ({found[1]}{f', HTTP {found[2]}' if found[2] else ''})" if found else ""
    return StorageUnavailableError(
        f"The object store does not answer as it should{code}, after {ATTEMPTS} attempts.",
        where=url,
        fix="check that its address is right and that it can be reached, then run the same command again: loading resumes where it was",
    )
