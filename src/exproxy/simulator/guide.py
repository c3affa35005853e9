"""What the demo tells people to try."""

from pathlib import Path

from exproxy.simulator.account import PASSWORD, USER
from exproxy.simulator.layout import Layout

FRONT = "127.0.0.1"
"""Where the proxy of the demo listens, on the same ports as the servers behind it."""

ADMIN = 17_777
"""Where its administrators look."""

_GUIDE = """
The proxy listens on {front}, in front of two simulated Exchange servers: {servers}.
Its status page: http://{front}:{admin}/

Try it from another terminal.  Repeat a command, and the other server answers:
  HTTPS       curl -ks https://{front}:{https}/owa/
              curl -ksI https://{front}:{https}/ews/ | grep -i feserver            (each directory has a pool of its own)
  SMTP        curl -s smtp://{front}:{smtp} --mail-from me@example.com --mail-rcpt anna@example.com -T README.md
              swaks --server {front}:{smtp} --to anna@example.com          (a "site" line below says who took the mail)
  submission  swaks --server {front}:{submission} -tls -au {user} -ap {password} --to you@example.com
  STARTTLS    openssl s_client -quiet -crlf -starttls smtp -connect {front}:{smtp}
  IMAP        curl -s -u {user}:{password} "imap://{front}:{imap}/INBOX;MAILINDEX=1"
  IMAP, TLS   curl -ks -u {user}:{password} "imaps://{front}:{imaps}/INBOX;MAILINDEX=1"
  POP3        curl -s -u {user}:{password} pop3://{front}:{pop3}/1
  POP3, TLS   curl -ks -u {user}:{password} pop3s://{front}:{pop3s}/1
  RPC         {exproxy} probe epm {front}:{epm}
              {exproxy} probe rpc {front}:{rpc_ca} -o interface=emsmdb        (one client: one server on all three RPC ports)

Break something, watch the "proxy" lines here, and repeat the commands above: they go on working.
  {tell} ex1 smtp maintenance    421 4.3.2: ex1 is stopping, new sessions go to ex2
  {tell} ex1 ews error           only /ews/ leaves ex1: each directory is a service of its own
  {tell} ex1 https error         all of HTTPS says 500: ex1 leaves after two failed checks
  {tell} ex1 imap garbage        connections are accepted, the greeting is noise
  {tell} ex1 rpc-ab refuse       one RPC port closes: the clients of all three move to ex2
  {tell} ex1 rpc-ca restart      the service is on another port now, and is found there: clients notice nothing
  {tell} ex1 all silent          everything is accepted, nothing is answered
  {tell} ex1 all well            it is back after two good checks
  {tell} status                  what is well; "help" tells what else can be said

Look and steer (conf/demo.toml has [admin]; docs/operations.md has the rest):
  {exproxy} status --watch -c conf/demo.toml
  {exproxy} host drain ex1 -c conf/demo.toml        then "ready": no new clients for ex1, wherever it is
  http://{front}:{admin}/                           the status page, in a browser
  curl -s http://{front}:{admin}/api/v1/status      and /metrics, /readyz

Ctrl-C ends everything.
"""


def guide(layout: Layout, python: Path, folder: Path) -> str:
    """The text, for a person who stands in ``folder`` and runs ``python``."""
    shown = _short(python, folder)
    ports = layout.ports
    return _GUIDE.format(
        front=FRONT,
        servers=" and ".join(f"{name} ({address})" for name, address in layout.servers.items()),
        user=USER,
        password=PASSWORD,
        exproxy=shown.with_name("exproxy"),
        tell=f"{shown} -m exproxy.simulator tell",
        https=ports.https,
        smtp=ports.smtp,
        submission=ports.submission,
        imap=ports.imap,
        imaps=ports.imaps,
        pop3=ports.pop3,
        pop3s=ports.pop3s,
        epm=ports.epm,
        rpc_ca=ports.rpc_ca,
        admin=ADMIN,
    )


def _short(python: Path, folder: Path) -> Path:
    return python.relative_to(folder) if python.is_relative_to(folder) else python
