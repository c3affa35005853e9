"""The bench: HAProxy, Twisted's portforward and exproxy on the same work, in one run, in turns.

What is compared is the CPU time of the proxy's processes (user and system) for a unit of work: on a machine that others
use too it holds better than requests a second.
"""
