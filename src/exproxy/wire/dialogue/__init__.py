"""Whole conversations as small sans-io machines, for checks and for front ends alike."""
