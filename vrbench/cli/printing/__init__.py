"""How results, tables and reports look in a terminal."""
