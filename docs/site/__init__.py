"""The documentation site: pages of this repository, and one of each method, built by Sphinx."""
