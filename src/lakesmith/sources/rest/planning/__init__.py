"""Which parts of an API's records a load asks for, and how far it has come."""
