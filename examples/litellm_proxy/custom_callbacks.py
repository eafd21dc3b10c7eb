"""Footprint beside callbacks of your own: ``callbacks: custom_callbacks.footprint``."""

import footprint as package

footprint = package.callback
