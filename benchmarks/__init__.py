"""Measurements: `python -m benchmarks` compares speed and memory."""
