"""Mode ``http``: each request of a client goes to a back end of its own, and no connection to a server to two clients."""
