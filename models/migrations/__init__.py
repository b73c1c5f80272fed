"""How the tables came to be: Alembic revisions, and the triggers that no table can say."""
