"""Pages that are made from what vrbench computes: ``python -m docs`` writes them."""
