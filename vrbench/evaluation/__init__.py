"""The one place where the stages meet: a source, a plan, and the results of it."""
