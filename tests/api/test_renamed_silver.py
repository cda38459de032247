"""A rename from the source to silver: what was built under the old name is built anew under the new one, with every value."""

import shutil

import pytest

import lakesmith

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]
PROJECT = """
version: 1
name: shop
sources:
  shop: {type: files, root: data, streams: {people: {files: "*.csv", key: id, mode: dedupe}}}
"""


def test_silver_has_every_value_under_the_new_name(tmp_path):
    root = tmp_path / "shop"
    shutil.copytree(lakesmith.__path__[0] + "/project/templates/empty", root)
    (root / "lakesmith.yml").write_text(PROJECT)
    (root / "data").mkdir(exist_ok=True)

    def put(name, text):
        (root / "data" / name).write_text(text)
        assert lakesmith.open(root).run().ok

    def silver():
        sql = "select * exclude (_ls_seq, _ls_op, _ls_built_at) from silver.stg_shop__people order by id"
        return lakesmith.open(root).query(sql, build=True).read_all().to_pylist()

    put("1.csv", "id,mail\n1,a\n2,b\n")
    lakesmith.open(root).scaffold()
    put("2.csv", "id,email\n2,bb\n3,c\n")
    assert silver() == [
        {"id": 1, "mail": "a", "email": None}, {"id": 2, "mail": None, "email": "bb"}, {"id": 3, "mail": None, "email": "c"},
    ]  # fmt: skip
    done = lakesmith.open(root).accept_rename("people", "mail", "email")
    assert "models/silver/shop/stg_shop__people.sql" in {change.path for change in done.scaffolded}
    put("3.csv", "id,email\n4,d\n")
    assert silver() == [{"id": number, "email": text} for number, text in ((1, "a"), (2, "bb"), (3, "c"), (4, "d"))]
