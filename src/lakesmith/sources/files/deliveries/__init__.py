"""What was delivered: which files there are, which of them are to be read, and what was read of each."""
