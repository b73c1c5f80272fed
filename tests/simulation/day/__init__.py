"""One working day of thirty officers against the running stack; `make day` prints its table."""
