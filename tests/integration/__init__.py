"""Database, queue and HTTP together; the same suite on SQLite and PostgreSQL."""
