"""What a depot's people see."""
