"""exproxy: a load balancer and reverse proxy for Microsoft Exchange and other mail servers."""

__version__ = "0.1.0"
