"""When runs start: what is due, in pure functions, and the process that starts it, or the words for another one that does."""
