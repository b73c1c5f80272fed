"""How do offline edits become truth, and how does truth reach devices?"""
