"""First downloads, equality, and lives of a database."""
