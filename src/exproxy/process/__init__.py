"""The process: its descriptors, its signals, its end."""
