"""The combined format behind the name and port of the virtual host, as Apache writes one log for many sites."""

from __future__ import annotations

from lakesmith.sources.files.formats.logs import combined
from lakesmith.sources.files.formats.logs.kinds import TEXT, WHOLE
from lakesmith.sources.files.formats.logs.layout import Layout
from lakesmith.sources.files.formats.logs.reader import LayoutFormat

SITE = r"^(?P<host>\[[^\] ]*\]|[^:\[ ][^: ]*):(?P<port>[0-9]{1,5}) "

LAYOUT = Layout(
    label="the combined log format with a virtual host",
    chains=tuple((SITE + chain[0].removeprefix("^"),) for chain in combined.LAYOUT.chains),
    columns={"host": TEXT, "port": WHOLE, **combined.COLUMNS},
    refine=combined.LAYOUT.refine,
    ends_open=True,
)
FORMAT = LayoutFormat(lambda _: LAYOUT)
