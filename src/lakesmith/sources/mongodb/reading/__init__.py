"""Reads one split in a process of its own, which connects, fetches raw documents, decodes them and sends Arrow."""
