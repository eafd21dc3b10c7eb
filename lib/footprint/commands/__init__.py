"""One module for each family of commands; each has a ``register`` that adds its own parsers."""
