"""Release the homework, and grade what comes back. For instructors.

Trust boundary: a student's code runs in a sandbox and hands out plain arrays through a
pipe. What is right is judged here, by code and answers that never were in there.
"""
