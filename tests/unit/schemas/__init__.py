"""The fast checks, marshmallow and the strict loader say the same."""
