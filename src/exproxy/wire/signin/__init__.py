"""How a client that has said at our desk who it is is logged in at the server that was chosen for it."""
