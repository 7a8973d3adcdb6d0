"""What things cost: dated prices, caps that hold, and what was spent."""
