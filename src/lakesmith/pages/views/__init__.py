"""What the console shows, as frozen values: the HTML page, its JSON twin and the command line's twin are made of the same ones."""
