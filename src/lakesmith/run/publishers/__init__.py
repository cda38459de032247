"""Writes data sets out as files that other tools open; one class per format."""
