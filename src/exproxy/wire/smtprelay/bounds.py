"""How much one session may hold: 64 KB in all, and a number of everything that is only counted."""

COMMAND = 2_048
"""Octets of a command line with its CRLF.  RFC 5321 4.5.3.1.4 says 512, and extensions add to it: DSN 500 for RCPT (RFC 3461),
AUTH= 500 (RFC 4954 5), SIZE 26, BODY= 17, SMTPUTF8 10.  All of them fit; Postfix's ``line_length_limit`` is the same."""
AUTH = 12_290
"""Octets of an AUTH command or of a line of its exchange: 12,288 octets of base64 (RFC 4954 4) and CRLF."""
REPLY = 16_384
"""Octets of one reply, all of its lines.  RFC 5321 4.5.3.1.5 says 512 a line; servers that give URLs in refusals say more."""
HELD = 40_960
"""Octets from the client that wait: a line that has not all come, or what came too early."""
OUTSTANDING = 1_024
"""Commands without their reply; the client is not read meanwhile.  RFC 2920 names no bound."""
CHUNK = 2**31 - 1
"""Octets of one BDAT chunk: what every server counts alike.  RFC 3030 2 allows 20 digits, which nobody's integers have."""
SLOT = 8
"""Octets that one command without its reply costs us."""
