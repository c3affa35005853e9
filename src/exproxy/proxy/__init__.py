"""Sessions: listener -> session -> choose -> connect -> relay; what passes through is never looked at once it relays."""
