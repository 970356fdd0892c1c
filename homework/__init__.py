"""The instructors' side of the homework; nothing of it reaches a student."""
