"""What the model under test can call."""
