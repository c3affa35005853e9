"""The configuration: TOML text to frozen :mod:`attrs` classes, with every error at its key and line.  Pure."""
