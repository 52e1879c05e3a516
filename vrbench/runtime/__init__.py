"""Basics that all rooms use: files, memory, devices, text from outside."""
