"""What runs inside the sandbox, beside the student's code. It imports nothing of ours.

The grader sends one bundle in and reads one bundle out. It never opens a file that a
student's process has made.
"""
