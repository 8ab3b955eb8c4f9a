"""What a lifetime costs, how good a model gets, and what is best."""
