"""Training: heads learnt on stored features, by gradient and a loss."""
