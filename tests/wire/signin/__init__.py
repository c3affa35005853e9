"""Tests of :mod:`exproxy.wire.signin`."""
