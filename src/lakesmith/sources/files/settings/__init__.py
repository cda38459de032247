"""What the project can say about how files are written: one module for each family of formats."""
