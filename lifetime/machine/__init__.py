"""What devices do with a model."""
