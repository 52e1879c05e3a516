"""The version, in the one place from which code and package read it."""

VERSION = "0.2.0"
