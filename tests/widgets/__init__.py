"""Widgets in a real browser; a package, so that browser and Lab close after it."""
