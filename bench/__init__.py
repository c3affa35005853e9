"""The bench: HAProxy, nginx, Twisted's portforward and exproxy on the same work, in one run, in turns.

What is compared first is the CPU time of the proxy's processes (user and system) for a unit of work: on a machine that others
use too it holds better than requests a second.  Latency and memory stand beside it.
"""
