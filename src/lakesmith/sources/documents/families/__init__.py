"""Readers of documents, one module per family. They run in worker processes only."""
