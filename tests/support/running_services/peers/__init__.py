"""What the other services answer a controller under test."""
