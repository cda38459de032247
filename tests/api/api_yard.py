"""A project of files without models, and what its bronze tables hold."""

from __future__ import annotations

from pathlib import Path

import lakesmith

PROJECT = """
version: 1
name: yard
sources:
  yard:
    type: files
    root: data
    streams:
      visits: {files: "visits/{date}.csv"}
      notes: {files: "notes/*.csv"}
      stock: {files: "stock/*.csv", mode: replace}
"""


class Yard:
    """Files to be delivered, runs, and the rows of bronze by `_ls_seq`."""

    def __init__(self, root: Path, text: str = PROJECT) -> None:
        self.root = root
        root.mkdir()
        for folder in ("visits", "notes", "stock"):
            (root / "data" / folder).mkdir(parents=True)
        (root / "lakesmith.yml").write_text(text)

    def put(self, name: str, *lines: str) -> Path:
        file = self.root / "data" / name
        file.write_text("\n".join((*lines, "")))
        return file

    def open(self, target: str | None = None) -> lakesmith.Project:
        return lakesmith.open(self.root, target=target)

    def run(self):
        result = self.open().run()
        assert result.ok, result.outcome.errors
        return result

    def rows(self, stream: str, column: str = "id") -> list:
        """Return a column of what readers see of a stream, in order of arrival."""
        shop = self.open()._shop
        table = shop.lake.open_catalog().load_table(tuple(stream.split("."))).scan().to_arrow().to_pylist()
        return [row[column] for row in sorted(table, key=lambda row: row["_ls_seq"])]

    def waiting(self, stream: str) -> list[str]:
        """Return where the records in quarantine come from."""
        return sorted(row.where for row in self.open().quarantine(stream))
