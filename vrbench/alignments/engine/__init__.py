"""What scores tiles of items for every alignment."""
