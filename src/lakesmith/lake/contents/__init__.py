"""What tables hold and held: versions, rows kept over a rebuild, keys that vanished."""
