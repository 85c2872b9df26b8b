"""What the running text of a report says in figures: sentences, and claims that can be held against a table."""
