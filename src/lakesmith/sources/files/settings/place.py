"""Where the files of a source lie, and how that place is reached."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

TIMEOUT_S = 60.0


class StorageSettings(BaseModel):
    """How a place is reached; what is left out is found where the place's own tools find it (environment, profiles, agents)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str | None = Field(
        default=None, description="The store's address if it is not the cloud's own, such as `minio.example.com:9000`."
    )
    region: str | None = Field(default=None, description="The region of an S3 bucket.")
    account: str | None = Field(default=None, description="The storage account of an `az://` or `abfs://` place.")
    anonymous: bool = Field(default=False, description="Read a public bucket without any key.")
    access_key: str | None = Field(default=None, repr=False, description="The S3 access key, as a reference.")
    secret_key: str | None = Field(
        default=None, repr=False, description="The S3 secret key or the Azure account key, as a reference."
    )
    session_token: str | None = Field(
        default=None, repr=False, description="The token of temporary S3 keys, as a reference."
    )
    user: str | None = Field(default=None, description="The user of an `http(s)://` or `sftp://` place.")
    password: str | None = Field(
        default=None, repr=False, description="The user's password, as a reference; for SFTP also that of `key_file`."
    )
    token: str | None = Field(
        default=None, repr=False, description="HTTP: a bearer token that every request carries, as a reference."
    )
    key_file: str | None = Field(
        default=None, description="SFTP: the file of the private key. Default: those of the SSH agent and of `~/.ssh`."
    )
    host_key: str | None = Field(
        default=None,
        description="SFTP: the server's public key, such as `ssh-ed25519 AAAA…`. Default: as in `~/.ssh/known_hosts`.",
    )

    @model_validator(mode="after")
    def _whole_keys(self) -> Self:
        if self.anonymous and (self.access_key or self.secret_key):
            raise ValueError("takes either keys or `anonymous`")
        if self.access_key and not self.secret_key:
            raise ValueError("has an `access_key` without its `secret_key`")
        if self.token and self.password:
            raise ValueError("takes either a `token` or a `password`")
        return self
