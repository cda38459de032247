"""Columns with parts that grow within one group: every file of the group keeps the field ids it was written with."""

import json

import pytest

from lakesmith.host import Host
from lakesmith.model.streams import SourceContext, StreamId, StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.sources.files import FilesOptions, FilesSource, FileStreamOptions
from lakesmith.testing.trial import Trial

FIRST = {"id": 1}
CASES = {
    "a part is added": [{"a": {"p": 1}, "b": 1}, {"a": {"p": 1, "q": 2}, "b": 1}],
    "the part is called as the column behind": [{"a": {"p": 1}, "b": 1}, {"a": {"p": 1, "b": 2}, "b": 3}],
    "a part takes a sibling": [{"a": {"p": 1}, "b": 1}, {"a": {"p": "x"}, "b": 2}],
    "structs in a list": [{"a": [{"p": 1}], "b": 1}, {"a": [{"p": 1, "q": 2}], "b": 2}],
}


@pytest.mark.parametrize("known", [pytest.param(False, marks=pytest.mark.long), True])
@pytest.mark.parametrize("case", CASES)
def test_every_value_is_read_back_where_it_was(tmp_path, case, known):
    drops = tmp_path / "drops"
    drops.mkdir()
    options = FileStreamOptions(files="*.jsonl", settle_s=0)
    spec = StreamSpec(StreamId("p", "drops"), options=options, where="l.yml:7")
    trial = Trial(FilesSource, SourceContext("p", FilesOptions(root=str(drops)), drops, (spec,)), tmp_path / "lakes")

    def load():
        return load_stream(LoadJob(spec, trial.source(), trial.lake().table(spec.id), Host()))

    if known:
        (drops / "0.jsonl").write_text(json.dumps(FIRST) + "\n")
        load()
    for number, record in enumerate(CASES[case], 1):
        (drops / f"{number}.jsonl").write_text(json.dumps(record) + "\n")
    done = load()
    assert (len(done.commits), done.counts.written) == (1, 2)
    rows = trial.lake().open_catalog().load_table(("p", "drops")).scan().to_arrow().sort_by("_ls_seq").to_pylist()
    assert [row["b"] for row in rows[known:]] == [record["b"] for record in CASES[case]]
    leaves = [list(row["a"].values()) if isinstance(row["a"], dict) else row["a"] for row in rows[known:]]
    for got, record in zip(leaves, CASES[case], strict=True):
        wanted = list(record["a"].values()) if isinstance(record["a"], dict) else record["a"]
        if isinstance(record["a"], dict):
            assert [value for value in got if value is not None] == wanted
        else:
            assert [{name: value for name, value in part.items() if value is not None} for part in got] == wanted
