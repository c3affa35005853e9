"""Modes ``smtp``, ``imap`` and ``pop3``: a client hears a greeting when a server has given a good one."""
