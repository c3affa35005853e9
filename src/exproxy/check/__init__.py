"""Checks: schedules dialogues, runs them on streams and judges their results."""
