"""Photographs on their way from a phone to the store."""
