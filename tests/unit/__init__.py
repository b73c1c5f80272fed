"""Decisions as truth tables, and small parts on their own."""
