"""How files of different kinds are read."""
