"""The types of checks that come with exproxy, one module each; Twisted finds them by ``twisted/plugins/exproxy_checkers.py``."""
