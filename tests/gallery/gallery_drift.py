"""Shapes that changed, and what is said about pinned schemas, keys, masks and renames."""

from gallery_lab import GALLERY

YML = "lakesmith.yml"
DATA, COMMAND, PROJECT = "The data", "The command", "The project file"
NEXT_DAY = "data/orders/2026-10-02.csv"
HEAD = "order_id,customer_id,ordered_on,amount\n"
PIN = "schemas/shop.orders.yml"


def freeze(lab):
    lab.edit(YML, "order_id, mode: dedupe}", "order_id, mode: dedupe, on_drift: freeze}")


@GALLERY.case(
    "A changed source under `freeze`, with a pinned schema", chapter=DATA, code=1, stage="loaded", report=True
)
def pin_refuses_drift(lab):
    """The message names the column, the file and line that speak of it, and the two ways out."""
    freeze(lab)
    assert lab.run("drift", "pin", "shop.orders").code == 0
    lab.write(NEXT_DAY, HEAD + "O5,C1,2026-10-02,five\n")
    return lab.run("run")


@GALLERY.case("A type in a pinned schema that is none", chapter=PROJECT, code=2)
def pin_with_a_wrong_type(lab):
    """Pinned schemas are read with the project, and so are their faults."""
    lab.write(PIN, "columns:\n  order_id: string\n  amount: {type: decimal(12)}\n  ordered: {typ: date}\n")
    return lab.run("check")


@GALLERY.case("A pinned schema that the table cannot follow", chapter=DATA, code=2, stage="loaded", report=True)
def pin_narrower_than_the_table(lab):
    """A type in the lake only ever widens, so a pin cannot make it narrower."""
    freeze(lab)
    assert lab.run("drift", "pin", "shop.orders").code == 0
    lab.edit(PIN, "amount: {type: double}", "amount: {type: float}")
    lab.write(NEXT_DAY, HEAD + "O5,C1,2026-10-02,5.00\n")
    return lab.run("run")


@GALLERY.case("Pinning over a schema that somebody wrote", chapter=COMMAND, code=2, stage="loaded")
def pin_is_there(lab):
    """What a person decided is not written over in passing."""
    lab.write(PIN, "columns:\n  order_id: string\n")
    return lab.run("drift", "pin", "shop.orders")


@GALLERY.case("Records without their key", chapter=DATA, code=1, stage="loaded", report=True)
def key_is_gone(lab):
    """Rows without a key would stand in for each other: no policy lets them in."""
    lab.write(NEXT_DAY, "number,customer_id,ordered_on,amount\nO5,C1,2026-10-02,5.00\n")
    return lab.run("run")


@GALLERY.case("A masked column under another name", chapter=DATA, code=1, stage="loaded", report=True)
def masked_column_renamed(lab):
    """A column that is masked stopped when another one came: nothing is loaded before the project says what that one is."""
    lab.edit(YML, "order_id, mode: dedupe}", "order_id, mode: dedupe, columns: {customer_id: {mask: hash}}}")
    lab.write(NEXT_DAY, "order_id,customer,ordered_on,amount\nO5,C1,2026-10-02,5.00\n")
    result = lab.run("run")
    assert "C1" not in result.out + result.err
    return result


@GALLERY.case("A rename of a column that is not there", chapter=COMMAND, code=2, stage="loaded")
def rename_of_nothing(lab):
    """The columns that there are stand in the message."""
    return lab.run("drift", "accept", "shop.orders", "amout", "total")


@GALLERY.case("A rename that would mix types", chapter=COMMAND, code=2, stage="loaded")
def rename_of_unlike_columns(lab):
    """A number and a text cannot be one column; a model can bring them together."""
    return lab.run("drift", "accept", "shop.orders", "amount", "customer_id")
