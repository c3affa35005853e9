"""The one place that touches sockets: streams, TLS, relay, dialing, names."""
