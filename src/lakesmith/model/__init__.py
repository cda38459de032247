"""The values and protocols of Lakesmith: frozen, without input or output, importing nothing outside the standard library."""
