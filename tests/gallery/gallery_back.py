"""What goes back or anew: exit code 2 where the command cannot be meant, 1 where a source would empty a table."""

from gallery_lab import GALLERY

YML = "lakesmith.yml"
BACK = "Back, and anew"
STOCK = "      stock: {files: data/stock.csv, mode: replace}\n      orders:"


@GALLERY.case("A rollback of a table that is not there", chapter=BACK, code=2, stage="loaded")
def rollback_of_nothing(lab):
    """A table goes by `source.stream`, a run by the beginning of its id; what is near is named."""
    return lab.run("rollback", "shop.order")


@GALLERY.case("A rollback with nothing before", chapter=BACK, code=2, stage="loaded")
def rollback_of_a_first_load(lab):
    """A table with one load has no earlier version."""
    return lab.run("rollback", "shop.orders")


@GALLERY.case("A rollback to a version that is not kept", chapter=BACK, code=2, stage="loaded")
def rollback_to_nothing(lab):
    """`--to` takes a load's number, a snapshot or a date of what is still kept."""
    return lab.run("rollback", "shop.orders", "--to", "2020-01-01")


@GALLERY.case("A rebuild that nobody agreed to", chapter=BACK, code=2, stage="loaded", report=True)
def rebuild_without_a_yes(lab):
    """What changes what readers see is asked for on a terminal, and needs `--yes` in a script. Nothing was changed."""
    before = lab.content("lake")
    result = lab.run("rebuild", "shop.orders")
    assert lab.content("lake") == before
    return result


@GALLERY.case("`--since` where each load is everything", chapter=BACK, code=2, stage="loaded")
def rebuild_since_of_a_replaced_stream(lab):
    """A part of a `replace` stream cannot be loaded anew."""
    lab.edit(YML, "      orders:", STOCK)
    lab.write("data/stock.csv", "item,pieces\n1,10\n")
    return lab.run("rebuild", "shop.stock", "--since", "2026-10-01")


@GALLERY.case("A file that became empty", chapter=BACK, code=1, stage="loaded", report=True)
def emptied_source(lab):
    """A `replace` stream that sends no record empties no table: a broken export is likelier than an empty system."""
    lab.edit(YML, "      orders:", STOCK)
    lab.write("data/stock.csv", "item,pieces\n1,10\n2,20\n")
    assert lab.run("run").code == 0
    lab.write("data/stock.csv", "item,pieces\n")
    return lab.run("run")


@GALLERY.case("`history: true` without a key", chapter=BACK, code=2, stage="new")
def history_without_a_key(lab):
    """Only keys can be said to have vanished."""
    lab.edit(YML, "      orders:", "      stock: {files: data/stock.csv, mode: replace, history: true}\n      orders:")
    return lab.run("check")
