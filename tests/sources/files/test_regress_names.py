"""Names of files that are no text are refused, one stream at a time, without a fault of the program."""

import os
import sys

import pytest

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec
from lakesmith.sources.files import FilesOptions, FilesSource, FileStreamOptions

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the file system refuses such names")


def test_a_name_that_is_not_utf_8_is_refused(tmp_path):
    with open(os.fsencode(tmp_path) + b"/o\xff.csv", "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"id\n1\n")
    stream = StreamSpec(StreamId("shop", "orders"), options=FileStreamOptions(files="*.csv"), where="lakesmith.yml:5")
    source = FilesSource(SourceContext("shop", FilesOptions(), tmp_path, (stream,)))

    with pytest.raises(SourceDataError, match=r"not valid UTF-8: b'o\\xff\.csv'") as caught:
        source.splits(stream, Ask())

    assert caught.value.where == "stream shop.orders, lakesmith.yml:5"
    os.unlink(os.fsencode(tmp_path) + b"/o\xff.csv")  # noqa: PTH108 - bytes
    (tmp_path / "ü ñ.csv").write_text("id\n1\n")
    assert [split.name for split in source.splits(stream, Ask())] == ["ü ñ.csv"]
