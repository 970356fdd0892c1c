"""Homework, on the student's side."""
