"""``make test-windows``: exproxy's wheel in a Windows CPython under Wine; the unit suite on completion ports, and the service.

What Wine does not prove stands in docs/windows.md.
"""
