"""Which splits a load has. Imported on every run: nothing heavy here."""
