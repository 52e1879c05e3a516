"""What everything stands on: files, memory, devices, text from outside."""
