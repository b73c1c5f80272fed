"""How do we know?"""
