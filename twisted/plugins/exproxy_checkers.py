"""The types of checks that come with exproxy; third parties register theirs in the same way (docs/checkers.md)."""

from exproxy.check.checkers.epm import EpmChecker
from exproxy.check.checkers.http import HttpChecker
from exproxy.check.checkers.imap import ImapChecker
from exproxy.check.checkers.pop3 import Pop3Checker
from exproxy.check.checkers.rpc import RpcChecker
from exproxy.check.checkers.rpch import RpchChecker
from exproxy.check.checkers.smtp import SmtpChecker
from exproxy.check.checkers.tcp import TcpChecker
from exproxy.check.checkers.tls import TlsChecker

tcp = TcpChecker()
tls = TlsChecker()
smtp = SmtpChecker()
http = HttpChecker()
imap = ImapChecker()
pop3 = Pop3Checker()
rpc = RpcChecker()
epm = EpmChecker()
rpch = RpchChecker()
