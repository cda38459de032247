"""What sources do: exit code 1, the other streams and what was there before stay."""

from gallery_lab import GALLERY

YML = "lakesmith.yml"
DATA = "The data"
NEXT_DAY = "data/orders/2026-10-02.csv"
HEAD = "order_id,customer_id,ordered_on,amount\n"


@GALLERY.case("More rejects than allowed", chapter=DATA, code=1, stage="loaded", report=True)
def too_many_rejects(lab):
    """`max_rejects` stops a load whose file is broken as a whole; nothing of it is loaded, and no value is shown."""
    lab.edit(YML, "order_id, mode: dedupe}", "order_id, mode: dedupe, max_rejects: 2}")
    lab.write(NEXT_DAY, HEAD + "O5,C1,2026-10-02,5.00\nO6\nO7;C2\nO8,C3\n")
    before = lab.content("lake/shop/orders")
    result = lab.run("run")
    after = lab.content("lake/shop/orders")
    assert {path: after.get(path) for path in before} == before
    assert "O6" not in result.out + result.err
    return result


@GALLERY.case("More rejects than allowed, for scripts", chapter=DATA, code=1, stage="loaded")
def too_many_rejects_json(lab):
    """With `--json` a run is one object: its steps, its loads, and every error with where and fix."""
    lab.edit(YML, "order_id, mode: dedupe}", "order_id, mode: dedupe, max_rejects: 2}")
    lab.write(NEXT_DAY, HEAD + "O5,C1,2026-10-02,5.00\nO6\nO7;C2\nO8,C3\n")
    return lab.run("run", "--json")


@GALLERY.case("A changed source under `freeze`", chapter=DATA, code=1, stage="loaded", report=True)
def freeze_refuses_drift(lab):
    """A new column came. `freeze` loads nothing until somebody has decided."""
    lab.edit(YML, "order_id, mode: dedupe}", "order_id, mode: dedupe, on_drift: freeze}")
    lab.write(NEXT_DAY, HEAD.strip() + ",coupon\nO5,C1,2026-10-02,5.00,SPRING\n")
    return lab.run("run")


@GALLERY.case("A file that was rewritten", chapter=DATA, code=1, stage="loaded", report=True)
def rewritten_file(lab):
    """A stream that only appends cannot know which rows of a rewritten file are new."""
    lab.write("data/visits/a.csv", "visit,page\n1,/\n2,/about\n")
    lab.edit(YML, "      orders:", "      visits: {files: data/visits/*.csv}\n      orders:")
    assert lab.run("run").code == 0
    lab.write("data/visits/a.csv", "visit,page\n7,/\n8,/about\n")
    return lab.run("run")
