"""Who is asking, and what may they do? Nothing here knows HTTP."""
