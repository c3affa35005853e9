"""Where the simulated site listens."""

from collections.abc import Mapping

import attrs


@attrs.frozen
class Ports:
    """The ports of one server; 0 lets the system choose."""

    smtp: int = 0
    submission: int = 0
    http: int = 0
    """HTTPS offloaded."""
    https: int = 0
    pop3: int = 0
    pop3s: int = 0
    imap: int = 0
    imaps: int = 0
    epm: int = 0
    rpc_ca: int = 0
    """RPC Client Access (emsmdb)."""
    rpc_ab: int = 0
    """Address Book (nspi and rfri)."""


def ports_above(base: int) -> Ports:
    """The well-known ports moved up by ``base``, so that nobody needs to be root; ``base`` 0: the system chooses them all.

    RPC Client Access and Address Book, 59531 and 59532 on a site with static ports, are ``base`` + 531 and + 532: moved up
    like the others they would leave the range of ports.
    """
    if base == 0:
        return Ports()
    return Ports(
        smtp=base + 25,
        submission=base + 587,
        http=base + 80,
        https=base + 443,
        pop3=base + 110,
        pop3s=base + 995,
        imap=base + 143,
        imaps=base + 993,
        epm=base + 135,
        rpc_ca=base + 531,
        rpc_ab=base + 532,
    )


@attrs.frozen
class Layout:
    """The whole site.

    :param servers: name -> IPv4 address; all servers have the same ports, so each needs its own address, unless the system
        chooses the ports.
    :param control: the address and port of the control port; ``None`` for a site that is controlled from within.
    """

    servers: Mapping[str, str]
    ports: Ports = Ports()
    control: tuple[str, int] | None = None


DEMO = Layout(
    servers={"ex1": "127.0.0.2", "ex2": "127.0.0.3"},
    ports=ports_above(10_000),
    control=("127.0.0.1", 7900),
)
"""The site of ``make demo``; ``conf/demo.toml`` names the same addresses and ports."""
