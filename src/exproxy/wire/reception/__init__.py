"""How a mail server receives us before a client is put through to it: greeting, STARTTLS, and who the client is."""
