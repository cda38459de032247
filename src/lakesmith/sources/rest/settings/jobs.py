"""Reports that are made first and fetched then."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from lakesmith.sources.rest.settings.asking import AskOptions
from lakesmith.sources.rest.settings.part import Numbers, Part, Text, Texts, check_pattern


def _check_group(pattern: str) -> str:
    if not re.compile(pattern).groups:
        raise ValueError(r"needs a group around the id, such as `duplicate of (\S+)`")
    return pattern


class SameOptions(Part):
    """The answer to an order of a report that is being made already."""

    status: Numbers = Field(default=(), description="The status codes of such an answer; any when left out.")
    path: Text = Field(description="Where the answer tells of it.")
    matches: Annotated[str, AfterValidator(check_pattern), AfterValidator(_check_group)] = Field(
        description="A regular expression whose first group is the id of that report."
    )


class JobOptions(Part):
    """An asynchronous report: `submit`, `poll` until it is made, then the stream's own request, or what `url` names, fetches it."""

    submit: AskOptions = Field(description="The request that orders it.")
    id: Text = Field(description="Where the answer has its id, which is `{job.id}` from then on.")
    poll: AskOptions = Field(description="The request that asks how it is.")
    state: Text = Field(description="Where the answer says how it is.")
    done: Texts = Field(description="The states in which it is made.")
    failed: Texts = Field(default=(), description="The states in which it will never be made; it is ordered once more.")
    same: SameOptions | None = Field(
        default=None, description="How the API says that such a report is being made already: that one is waited for."
    )
    reason: Text | None = Field(default=None, description="Where the answer says why it failed.")
    url: Text | None = Field(
        default=None,
        description="Where the answer has the address of the result, or a list of them. The stream's own request when left out. No credentials go there.",
    )
    first_wait_s: float = Field(
        default=2, gt=0, description="Seconds before the first question; each wait is longer by half."
    )
    longest_wait_s: float = Field(default=60, gt=0, description="The longest of these waits, in seconds.")
    give_up_min: float = Field(default=120, gt=0, description="After how many minutes a report is given up.")
    orders: int = Field(default=3, ge=1, description="How often it is ordered, where it fails or expires.")
