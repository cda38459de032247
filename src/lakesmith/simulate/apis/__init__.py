"""The demo company's platforms as HTTP servers on this machine: their shapes, errors, throttling and paging, on its own campaigns."""
