"""What the project file can say of an HTTP API, one module for each part of it."""
