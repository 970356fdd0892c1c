"""Convolutional neural networks from scratch, on NumPy."""
