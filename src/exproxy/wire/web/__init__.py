"""HTTP/1.1 as a proxy sees it: heads, framing, what is passed on, and the canonical path (RFC 9110, RFC 9112).

Bodies are never held nor copied here: a scanner says how many octets of a buffer belong to one.  The checks' reader of whole
answers is :mod:`exproxy.wire.http`.
"""
