"""What we answer ourselves, in the server's place.

Codes of RFC 5321 4.2.3, RFC 3207 4 and RFC 4954 6; enhanced codes of RFC 3463.
"""

import attrs

from exproxy.wire.smtprelay.facts import Ending
from exproxy.wire.step import Then


@attrs.frozen
class Answer:
    """A reply of ours.

    :param code: its code; :param octets: all of it, with its CRLF; :param ending: the session ends with it.
    """

    code: int
    octets: bytes
    then: Then = Then.GO_ON
    ending: Ending | None = None


def _say(line: str, then: Then = Then.GO_ON, ending: Ending | None = None) -> Answer:
    return Answer(int(line[:3]), f"{line}\r\n".encode("ascii"), then, ending)


def _bye(line: str, ending: Ending) -> Answer:
    return _say(line, Then.FINISH, ending)


DENIED = _say("550 5.7.0 Error: insufficient authorization")
"""To XCLIENT and XFORWARD, in the words of a Postfix that does not trust the client: nobody can tell that it is we who say so."""
NOT_FOLLOWED = _say("502 5.5.1 Error: command not implemented")
BARE = _say("500 5.5.2 Error: a command is one line of ASCII that ends in CRLF, with no CR, LF or NUL within")
NO_VERB = _say("500 5.5.2 Error: command not recognized")
TOO_LONG = _say("500 5.5.2 Error: line too long")
NO_CHUNKING = _say("502 5.5.1 Error: CHUNKING is not offered")
NO_MAIL = _say("503 5.5.1 Error: need MAIL command")

START = _say("220 2.0.0 Ready to start TLS", Then.START_TLS)
TLS_NOT_OFFERED = _say("502 5.5.1 Error: STARTTLS is not offered")
TLS_ACTIVE = _say("503 5.5.1 Error: TLS is already active")
TLS_AFTER_AUTH = _say("503 5.5.1 Error: STARTTLS is not possible after AUTH")
TLS_PARAMETERS = _say("501 5.5.4 Error: STARTTLS has no parameters")
TLS_FIRST = _say("530 5.7.0 Must issue a STARTTLS command first")
HELLO_FIRST = _say("503 5.5.1 Error: send EHLO first, TLS has begun since")

BAD_CHUNK = _bye("501 5.5.4 Error: syntax is BDAT count [LAST]; closing", Ending.BAD_CHUNK)
BIG_CHUNK = _bye("552 5.3.4 Error: the chunk is too big; closing", Ending.BAD_CHUNK)
TOO_MANY_ERRORS = _bye("421 4.7.0 Error: too many errors", Ending.BAD_COMMANDS)
ABUSED = _bye("421 4.7.0 Too many errors from your address, try again later", Ending.ABUSE)
SHUTDOWN = _bye("421 4.3.2 Service is going down for maintenance, try again later", Ending.DRAINED)
"""For a drain."""
TIMEOUT = _bye("421 4.4.2 Error: timeout exceeded", Ending.IDLE)
"""For a client from which nothing comes."""
BYE = _bye("221 2.0.0 Bye", Ending.QUIT)
"""For a server that closes at QUIT without an answer."""
SERVER_GONE = _bye("421 4.3.0 The mail server is gone, try again later", Ending.SERVER_GONE)

EARLY = _say("554 5.5.0 Error: SMTP protocol synchronization")
"""With a :class:`Broken`: the client sent more than can wait."""
SERVER_BROKEN = _say("421 4.3.0 The mail server's answer makes no sense, try again later")
"""With a :class:`Broken`."""
