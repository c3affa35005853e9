"""Builds what a configuration says, and nothing else: pools, front ends, checks, names and logs.

:meth:`exproxy.site.core.Site.apply` is the one way in which a configuration takes effect.
"""
