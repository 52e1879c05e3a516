"""Where similarities come from: feature files and similarity files."""
