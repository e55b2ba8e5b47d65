"""What may come back, what is owed for it, and what was paid."""
