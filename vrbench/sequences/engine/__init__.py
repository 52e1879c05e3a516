"""What scores sequences for every sequence alignment."""
