"""Heads that are learnt on stored features."""
