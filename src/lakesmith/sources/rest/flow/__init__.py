"""How an API is read, as generators without I/O: they yield requests and waits, receive answers, and decide everything in between."""
