"""Buckets that speak S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from lakesmith.model.places import scheme_of
from lakesmith.sources.files.places.address import Address
from lakesmith.sources.files.places.connection import ATTEMPTS, Listed
from lakesmith.sources.files.places.faults import (
    ChangedFaultError,
    DeniedFaultError,
    MissingFaultError,
    NowhereFaultError,
    PlaceFaultError,
    UnreachableFaultError,
    load_library,
)
from lakesmith.sources.files.places.place import Status

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
NANOS = 1_000_000_000
FAULTS: dict[str, type[PlaceFaultError]] = {
    "404": MissingFaultError,
    "NoSuchKey": MissingFaultError,
    "NoSuchBucket": NowhereFaultError,
    "412": ChangedFaultError,
    "PreconditionFailed": ChangedFaultError,
    "400": DeniedFaultError,
    "401": DeniedFaultError,
    "403": DeniedFaultError,
    "AccessDenied": DeniedFaultError,
    "InvalidAccessKeyId": DeniedFaultError,
    "SignatureDoesNotMatch": DeniedFaultError,
    "ExpiredToken": DeniedFaultError,
    "InvalidToken": DeniedFaultError,
    "AuthorizationHeaderMalformed": DeniedFaultError,
    "PermanentRedirect": NowhereFaultError,
}


class S3Connection:
    """A prefix of a bucket. The version of an object is its ETag, and an object is read under that ETag only."""

    is_atomic = True
    window: int | None = None

    def __init__(self, address: Address, client: Any, exceptions: Any) -> None:
        self._address, self._client, self._exceptions = address, client, exceptions

    def list(self, folder: str) -> Iterator[Listed]:
        """Yield every object below a folder, 1,000 with each request."""
        prefix = self._address.key(folder)
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._address.host, Prefix=f"{prefix}/" if prefix else ""
        )
        with self._faults():
            for page in pages:
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):
                        yield Listed(self._address.name(entry["Key"]), _status(entry, "Size"))

    def status(self, name: str) -> Status:
        """Return size, time and ETag of an object."""
        with self._faults():
            return _status(
                self._client.head_object(Bucket=self._address.host, Key=self._address.key(name)), "ContentLength"
            )

    def stream(self, name: str, span: tuple[int, int], version: str) -> S3Body:
        """Return a part of an object."""
        condition = {"IfMatch": f'"{version}"'} if version else {}
        with self._faults():
            found = self._client.get_object(
                Bucket=self._address.host,
                Key=self._address.key(name),
                Range=f"bytes={span[0]}-{span[1] - 1}",
                **condition,
            )
        return S3Body(found["Body"], self._faults)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        known = self._exceptions
        try:
            yield
        except known.ClientError as error:
            said = error.response
            code = str(said.get("Error", {}).get("Code", ""))
            status = str(said.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
            kind = FAULTS.get(code) or FAULTS.get(status, UnreachableFaultError)
            raise kind(code if code.isalpha() else f"HTTP {status}") from error
        except (known.NoCredentialsError, known.PartialCredentialsError, known.ProfileNotFound) as error:
            raise DeniedFaultError("no keys were found") from error
        except (known.BotoCoreError, known.HTTPClientError, OSError) as error:
            raise UnreachableFaultError(type(error).__name__) from error


class S3Body:
    """The bytes of an object on their way."""

    def __init__(self, body: Any, faults: Callable[[], Any]) -> None:
        self._body, self._faults = body, faults

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        with self._faults():
            return bytes(self._body.read(size))

    def close(self) -> None:
        """Stop the transfer."""
        self._body.close()


def connect(address: Address) -> S3Connection:
    """Return a connection; nothing is sent before it is used.

    Raises:
        ConnectorOptionsError: If a key is none that can be sent.
        MissingExtraError: If boto3 is not installed.
    """
    address.refuse_unsendable("access_key", "session_token")
    boto3, exceptions = load_library("boto3", "s3"), load_library("botocore.exceptions", "s3")
    config = load_library("botocore.config", "s3").Config
    said = address.storage
    settings = {
        "retries": {"max_attempts": ATTEMPTS, "mode": "standard"},
        "connect_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": READ_TIMEOUT_S,
        "s3": {"addressing_style": "path"} if said.endpoint else {},
    }
    if said.anonymous:
        settings["signature_version"] = load_library("botocore", "s3").UNSIGNED
    make = partial(
        boto3.session.Session(
            aws_access_key_id=said.access_key,
            aws_secret_access_key=said.secret_key,
            aws_session_token=said.session_token,
            region_name=said.region,
        ).client,
        "s3",
        config=config(**settings),
    )
    endpoint = said.endpoint if not said.endpoint or scheme_of(said.endpoint) else f"https://{said.endpoint}"
    try:
        return S3Connection(address, make(endpoint_url=endpoint or None), exceptions)
    except (ValueError, exceptions.BotoCoreError):
        raise NowhereFaultError("`endpoint` or `region` cannot be used as it is written") from None


def _status(entry: Any, size: str) -> Status:
    changed: datetime = entry["LastModified"]
    return Status(int(entry[size]), int(changed.timestamp() * NANOS), str(entry.get("ETag", "")).strip('"'))
