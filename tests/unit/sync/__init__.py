"""Decisions of the sync engine, as complete tables and properties."""
