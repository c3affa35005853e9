"""How a server is chosen: one algorithm a module."""
