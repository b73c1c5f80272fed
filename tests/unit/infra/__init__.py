"""What it runs on, without a database."""
