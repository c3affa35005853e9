"""Protocols without input or output: bytes in, events out.

Nothing here knows Twisted, sockets or the clock.  Every parser is bounded, takes its input whole, byte by byte or
cut anywhere with the same result, and answers bad input with :class:`exproxy.wire.errors.WireError`.
"""
