"""Push and pull against a real database."""
