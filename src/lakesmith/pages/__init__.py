"""Pages as pure functions: frozen values in, HTML that opens from disk out. No I/O, no JavaScript, nothing loaded from anywhere."""
