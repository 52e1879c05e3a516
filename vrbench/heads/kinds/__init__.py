"""The heads that there are, one a file."""
