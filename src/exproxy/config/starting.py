"""The file that ``exproxy config init`` writes: the few lines of [exchange], and what people change first."""

from collections.abc import Mapping, Sequence

from exproxy.config.problems import key

_DEFAULT_SERVICES = ("https", "smtp")


def starting_file(
    version: str,
    listen: str,
    servers: Mapping[str, str],
    services: Sequence[str] = (),
    helo: str | None = None,
    certificate: str | None = None,
    https: str | None = None,
) -> str:
    """A configuration for this Exchange.

    :param servers: each server's name and address.
    :param services: what to balance; empty for what every Exchange of that version has.
    :param certificate: a file, where TLS is to end here.
    :param https: what to do with TLS then.
    """
    chosen = tuple(services) or (*_DEFAULT_SERVICES, *(("rpc",) if version == "2010" else ()))
    machines = ", ".join(f'{key(name)} = "{address}"' for name, address in servers.items())
    helo_line = f'helo     = "{helo}"' if helo else '# helo   = "lb.example.com"            # what the checks say to SMTP servers'
    return f"""\
# Load balancing for Exchange {version}.  Check this file:   exproxy config check FILE
# See all that it stands for:                      exproxy config show FILE
# Run it in the foreground:                        twistd -n exproxy -c FILE

[exchange]
version  = "{version}"
listen   = "{listen}"                  # the address that clients are given; it has to be one of this machine
servers  = {{ {machines} }}
services = [{", ".join(f'"{service}"' for service in chosen)}]           # of https, smtp, imap, pop3{_rpc(version)}
{helo_line}
{_tls(certificate, https)}

# Whatever the template makes can be overridden key by key, for instance:
# [backends.{"https" if certificate is None else "owa"}.servers]
# {key(next(iter(servers)))} = {{ weight = 2, maxconn = 5_000 }}

[service]
maxconn = 8_000                        # sessions at a time; each takes two descriptors
# log   = {{ access = "/var/log/exproxy/access.log" }}
"""


def _tls(certificate: str | None, https: str | None) -> str:
    if certificate is None:
        return """\
# tls    = { certificates = ["certs/mail.pem"] }   # TLS ends here: each virtual directory is in or out by its own health page"""
    return f"""\
tls      = {{ certificates = ["{certificate}"] }}      # that of the servers, with its key; or say server_tls = {{ ca = … }}
https    = "{https or "bridging"}"                    # bridging: TLS again to the servers; offload: in clear to their port 80"""


def _rpc(version: str) -> str:
    return ", rpc" if version == "2010" else ""
