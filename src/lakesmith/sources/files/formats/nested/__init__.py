"""Records inside records: JSON, a line or a document, and XML."""
