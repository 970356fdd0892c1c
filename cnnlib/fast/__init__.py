"""The fast room."""
