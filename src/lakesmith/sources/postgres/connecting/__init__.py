"""How a PostgreSQL server is reached: its address, sessions of both drivers, tunnels, and errors a person can act on."""
