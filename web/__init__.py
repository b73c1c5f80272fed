"""What do people see? The console and the field app."""
