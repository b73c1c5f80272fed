"""What does it run on? Settings, clock, database, queue, logging."""
