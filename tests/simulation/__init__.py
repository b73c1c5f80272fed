"""Seeded worlds with an auditor, and one day of the demonstration over the running stack."""
