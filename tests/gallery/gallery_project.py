"""Mistakes in the project file, the command and the environment: exit code 2."""

from gallery_lab import GALLERY

YML = "lakesmith.yml"
FILE, COMMAND = "The project file", "The command"


@GALLERY.case("A key with a typo", chapter=FILE, code=2)
def key_with_a_typo(lab):
    """`files` is misspelt. The nearest key is named."""
    lab.edit(YML, "{files: data/customers.csv", "{fiels: data/customers.csv")
    return lab.run("run")


@GALLERY.case("Several faults at once", chapter=FILE, code=2)
def several_faults(lab):
    """All faults are listed, so that one edit mends them."""
    lab.edit(YML, "version: 1", "version: 1\nscheduel: {every: 2h}")
    lab.edit(YML, "data/customers.csv, key: customer_id", "data/customers.csv")
    lab.edit(YML, "format: parquet", "format: parqet")
    return lab.run("check")


@GALLERY.case("Several faults at once, for scripts", chapter=FILE, code=2)
def several_faults_json(lab):
    """With `--json` the same error is one object on standard output, and standard error is empty."""
    lab.edit(YML, "version: 1", "version: 1\nscheduel: {every: 2h}")
    lab.edit(YML, "format: parquet", "format: parqet")
    return lab.run("check", "--json")


@GALLERY.case("Not YAML", chapter=FILE, code=2)
def not_yaml(lab):
    """A brace is not closed."""
    lab.edit(YML, "mode: dedupe}\n      orders", "mode: dedupe\n      orders")
    return lab.run("run")


@GALLERY.case("A variable that is not set", chapter=FILE, code=2, report=True)
def variable_not_set(lab):
    """`${env:…}` is looked for in the environment and in `.env`."""
    lab.without_models()
    lab.edit(YML, "    type: files\n", "    type: files\n    root: ${env:ACME_DROPS}\n")
    return lab.run("run")


@GALLERY.case("A password in the file", chapter=FILE, code=2)
def password_in_the_file(lab):
    """The password is not shown: what stands in the file would stand in the history of git for ever."""
    lab.edit(
        YML, "    type: files\n", "    type: files\n    url: postgresql://acme:hunter2-hunter2@db.example.com/acme\n"
    )
    return lab.run("run")


@GALLERY.case("An unknown type of source", chapter=FILE, code=2)
def unknown_source_type(lab):
    """The type of a source is the name of a connector that is installed."""
    lab.edit(YML, "type: files", "type: flies")
    return lab.run("run")


@GALLERY.case("A pattern nobody knows", chapter=FILE, code=2, stage="loaded", report=True)
def bad_pattern(lab):
    """`{day}` is no wildcard. The other stream has nothing new, and is not touched."""
    lab.edit(YML, "data/orders/{date}.csv", "data/orders/{day}.csv")
    return lab.run("run")


@GALLERY.case("A folder that is not there", chapter=FILE, code=2, stage="loaded", report=True)
def missing_folder(lab):
    """The folder before the first wildcard has to exist: an empty folder is no mistake, a missing one is."""
    lab.edit(YML, "data/orders/{date}.csv", "data/order/{date}.csv")
    return lab.run("run")


@GALLERY.case("A file that is not there", chapter=FILE, code=1, report=True, stage="loaded")
def missing_file(lab):
    """A file that is named without wildcards has to be there at its first load."""
    lab.edit(YML, "      orders:", "      products: {files: data/products.csv, key: product_id}\n      orders:")
    return lab.run("run")


@GALLERY.case("An unknown target", chapter=COMMAND, code=2)
def unknown_target(lab):
    """Without targets in the project file there is `local` alone."""
    return lab.run("run", "--target", "prod")


@GALLERY.case("An unknown command", chapter=COMMAND, code=2)
def unknown_command(lab):
    """The nearest command is named."""
    return lab.run("stauts")


@GALLERY.case("An unknown option", chapter=COMMAND, code=2)
def unknown_option(lab):
    """The nearest option is named."""
    return lab.run("run", "--full-refesh")


@GALLERY.case("A selection that names nothing", chapter=COMMAND, code=2, stage="built")
def unknown_selector(lab):
    """The nearest stream or model is named."""
    return lab.run("run", "--select", "mart_saels")


@GALLERY.case("A selection that names nothing, for scripts", chapter=COMMAND, code=2, stage="built")
def unknown_selector_json(lab):
    """The same error as one object."""
    return lab.run("run", "--select", "mart_saels", "--json")


@GALLERY.case("Not in a project", chapter=COMMAND, code=2)
def not_a_project(lab):
    """No `lakesmith.yml` here or in a folder above."""
    return lab.run("run", cwd=lab.root.parent)


@GALLERY.case("An unknown stream", chapter=COMMAND, code=2, stage="loaded")
def unknown_stream(lab):
    """The nearest stream is named."""
    return lab.run("quarantine", "show", "shop.ordrs")


@GALLERY.case("A query before the first run", chapter=COMMAND, code=2)
def query_before_the_first_run(lab):
    """Nothing has been published yet."""
    return lab.run("query", "select * from marts.mart_sales")


@GALLERY.case("A table that is not there", chapter=COMMAND, code=2, stage="built")
def query_unknown_table(lab):
    """The nearest tables are named."""
    return lab.run("query", "select * from marts.mart_sale")


@GALLERY.case("A column that is not there", chapter=COMMAND, code=2, stage="built")
def query_unknown_column(lab):
    """The nearest column is named, and the place in the statement is marked."""
    return lab.run("query", "select revenu from marts.mart_sales")


@GALLERY.case("SQL that is not SQL", chapter=COMMAND, code=2, stage="built")
def query_not_sql(lab):
    """The place in the statement is marked."""
    return lab.run("query", "selct 1")


@GALLERY.case("A query that would write", chapter=COMMAND, code=2, stage="built")
def query_that_writes(lab):
    """Tables are made by models."""
    return lab.run("query", "drop table marts.mart_sales")
