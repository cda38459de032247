import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lakesmith.monitor.exports.exposition import LONGEST_LABEL, Family, exposition

sys.path.insert(0, str(Path(__file__).parent))

from expositions import read

words = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn"], include_characters='\n"\\ {},=')
)


@given(
    st.lists(
        st.tuples(
            words.filter(lambda text: len(text) <= LONGEST_LABEL), st.floats(allow_nan=False, allow_infinity=False)
        ),
        unique_by=lambda pair: pair[0],
    )
)
def test_every_label_and_number_is_read_back(pairs):
    family = Family(
        "rows_total", "counter", "Rows\nof all", tuple(({"table": name, "op": "read"}, value) for name, value in pairs)
    )
    assert read(exposition([family])) == {
        ("rows_total", (("op", "read"), ("table", name))): value for name, value in pairs
    }


def test_a_label_that_is_too_long_is_cut_and_what_is_no_text_is_replaced():
    text = exposition([Family("x", "gauge", "X.", (({"table": "a\x00b\u202e" + "c" * 5000}, 1.0),))])
    (((_, ((_, label),)), value),) = read(text).items()
    assert value == 1
    assert label.startswith("a�b�ccc")
    assert len(label) == LONGEST_LABEL


def test_a_metric_without_a_sample_keeps_its_head():
    assert exposition([Family("x", "gauge", "X.")]) == "# HELP x X.\n# TYPE x gauge\n"
