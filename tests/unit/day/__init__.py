"""The simulated day's own parts: its plan, its bad network and its oracle."""
