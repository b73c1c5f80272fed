"""The simulated day's own parts: its plan and its bad network."""
