"""Real mail servers, web servers and an endpoint mapper, run by hand on loopback addresses for one test each."""
