"""The simulated day's oracle, on a database."""
