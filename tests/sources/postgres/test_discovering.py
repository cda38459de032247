from hypothesis import given
from hypothesis import strategies as st

from lakesmith.project.settings import check_identifier
from lakesmith.sources.postgres.catalog.tables import parse_relation
from lakesmith.sources.postgres.catalog.values import Relation, Table
from lakesmith.sources.postgres.discovering import discovered, name_of

NAMES = st.one_of(
    st.from_regex(r"[a-c_]{1,4}", fullmatch=True),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=63),
)
RELATIONS = st.builds(Relation, st.one_of(st.just("public"), NAMES), NAMES)


@given(RELATIONS, RELATIONS)
def test_two_tables_never_share_the_name_of_a_stream(one, other):
    assert (name_of(one, "public") == name_of(other, "public")) == (one == other)


@given(RELATIONS)
def test_every_table_has_a_legal_name_and_is_found_again_by_what_its_stream_says(relation):
    found = discovered(Table(1, relation, "table"), "public")

    assert check_identifier(found.name) == found.name
    assert parse_relation(found.written or found.name, "public") == relation


def test_names_that_are_legal_stay_and_those_of_other_schemas_begin_with_theirs():
    said = [
        discovered(Table(1, Relation(*parts), "table"), "shop").said
        for parts in (("shop", "orders"), ("far", "secret"))
    ]

    assert said == ["orders: {mode: replace}", 'far__secret: {table: \'"far"."secret"\', mode: replace}']
