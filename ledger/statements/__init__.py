"""What does a bank's or an agency's file say? Files to lines, and every refusal with its line number."""
