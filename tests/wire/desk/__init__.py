"""Tests of :mod:`exproxy.wire.desk`."""
