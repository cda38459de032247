"""From the options of a source to a client of the server, and what goes wrong on the way."""
