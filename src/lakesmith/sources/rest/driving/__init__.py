"""What flows ask for, done: connections to addresses that may be reached, credentials, the rate, waiting, pages on disk."""
