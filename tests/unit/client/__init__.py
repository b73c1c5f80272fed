"""The phone in Python, without a network."""
