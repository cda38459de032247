"""Models and tests: exit code 1, and readers keep the last good version."""

import duckdb
from gallery_lab import GALLERY

MODELS = "Models, tests and readers"
NEXT_DAY = "data/orders/2026-10-02.csv"
HEAD = "order_id,customer_id,ordered_on,amount\n"
SALES = "models/marts/mart_sales.sql"
READERS = ("warehouse/marts", "final")


@GALLERY.case("A model that names nothing", chapter=MODELS, code=1, stage="built", report=True)
def model_names_nothing(lab):
    """dbt cannot read the project: `ref()` names no model. Nothing was built, readers keep what they have."""
    lab.edit(SALES, "stg_shop__orders", "stg_shop__order")
    before = lab.content(*READERS)
    result = lab.run("run")
    assert lab.content(*READERS) == before
    return result


@GALLERY.case("A model with a broken template", chapter=MODELS, code=1, stage="built", report=True)
def model_broken_template(lab):
    """A brace is not closed."""
    lab.edit(SALES, "{{ ref('stg_shop__orders') }}", "{{ ref('stg_shop__orders') }")
    return lab.run("run")


@GALLERY.case("A model that the database refuses", chapter=MODELS, code=1, stage="built", report=True)
def model_refused(lab):
    """The column has another name. The other mart is built, this one keeps its last good version."""
    lab.edit(SALES, "sum(orders.amount)", "sum(orders.amuont)")
    lab.edit("models/marts/mart_countries.sql", "as customers", "as people")
    before = lab.run("query", "--csv", "from marts.mart_sales order by all").out
    result = lab.run("run")
    assert lab.run("query", "--csv", "from marts.mart_sales order by all").out == before
    assert lab.run("query", "--csv", "from marts.mart_countries").out.startswith("country,people\n")
    return result


@GALLERY.case("A test that fails", chapter=MODELS, code=1, stage="built", report=True)
def failing_test(lab):
    """An order with a negative amount came. Bronze has it; the mart that the test guards keeps its last good version."""
    lab.write(NEXT_DAY, HEAD + "O5,C2,2026-10-02,-5000.00\n")
    before = {path: data for path, data in lab.content(*READERS).items() if "mart_sales" in path}
    assert before
    result = lab.run("run")
    after = lab.content(*READERS)
    assert {path: after.get(path) for path in before} == before
    assert "Norway,80.0,1\n" in lab.run("query", "--csv", "from marts.mart_sales").out
    return result


@GALLERY.case("The build file is open elsewhere", chapter=MODELS, code=3, stage="built", report=True)
def build_file_open(lab):
    """Somebody looks at silver with a DuckDB client. It is named, with its process."""
    lab.write(NEXT_DAY, HEAD + "O5,C2,2026-10-02,5.00\n")
    program = """
        import sys, duckdb
        connection = duckdb.connect(".lakesmith/build/local.duckdb")
        print("ready", flush=True)
        sys.stdin.read()
    """
    with lab.beside(program):
        return lab.run("run")


@GALLERY.case("The warehouse is open in a reader", chapter=MODELS, code=0, stage="built")
def warehouse_open(lab):
    """Readers are never in the way: the run succeeds, and what the reader has open stays readable."""
    lab.write(NEXT_DAY, HEAD + "O5,C2,2026-10-02,5.00\n")
    program = """
        import sys, duckdb
        connection = duckdb.connect("warehouse/local.duckdb", read_only=True)
        print("ready", flush=True)
        sys.stdin.read()
        assert connection.sql("select sum(orders) from marts.mart_sales").fetchall() in ([(4,)], [(5,)])
    """
    with lab.beside(program) as reader:
        result = lab.run("run")
    assert reader.returncode == 0
    with duckdb.connect(lab.file("warehouse/local.duckdb"), read_only=True) as now:
        assert now.sql("select sum(orders) from marts.mart_sales").fetchall() == [(5,)]
    return result
