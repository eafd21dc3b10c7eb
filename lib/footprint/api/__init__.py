"""The HTTP side of the app: its routes, and what every request passes through."""
