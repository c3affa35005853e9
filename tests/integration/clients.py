"""Real clients, one call each: they raise when the person in front of them would have seen an error."""

import imaplib
import os
import poplib
import socket
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from impacket.dcerpc.v5 import epm, mgmt, transport
from impacket.dcerpc.v5.rpcrt import RPC_C_AUTHN_WINNT, DCERPC_v5
from impacket.uuid import uuidtup_to_bin

from exproxy.wire.epm import NOT_REGISTERED, Tower
from tests.integration.peers.dovecot import PASSWORD, USER
from tests.integration.peers.nginx import Nginx
from tests.integration.peers.samba import INTERFACES

ROOT = Path(__file__).resolve().parents[2]

PATIENCE = 60
"""Seconds for which a client waits before it fails."""


def run(command: list[str]) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def swaks(host: str, port: int, *options: str) -> str:
    """Send one message; the dialogue."""
    where = ["--server", host, "--port", str(port), "--protocol", "ESMTP", "--timeout", str(PATIENCE)]
    who = ["--helo", "client.example.com", "--from", "bob@example.net", "--to", "anna@example.com"]
    return run(["swaks", *where, *who, *options])


def curl(server: Nginx, *arguments: str) -> str:
    """One request that trusts the authority of ``server``; what curl prints."""
    authority = Path(server.folder) / "authority.pem"
    server.authority.cert_pem.write_to_path(str(authority))
    return run(["curl", "--silent", "--show-error", "--max-time", str(PATIENCE), "--cacert", str(authority), *arguments])


def imap_server_name(host: str, port: int) -> str:
    """Log in and read: the server's name, by the subject of the one message."""
    with imaplib.IMAP4(host, port, timeout=PATIENCE) as client:
        client.login(USER, PASSWORD)
        client.select("INBOX", readonly=True)
        letter = client.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0]
    assert isinstance(letter, tuple), f"no message, but {letter!r}"
    return letter[1].decode().removeprefix("Subject:").strip()


def pop3_server_name(host: str, port: int) -> str:
    """Log in and read: the server's name, by the subject of the one message."""
    client = poplib.POP3(host, port, timeout=PATIENCE)
    client.user(USER)
    client.pass_(PASSWORD)
    lines = client.retr(1)[1]
    client.quit()
    return next(line for line in lines if line.startswith(b"Subject:")).decode().removeprefix("Subject:").strip()


def exproxy(*arguments: str) -> tuple[int, str]:
    """The command ``exproxy``: its exit status, and what it printed."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", "from exproxy.cli import main; main()", *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout


def _syntax(interface: str) -> bytes:
    identifier, major, minor = INTERFACES[interface]
    return bytes(uuidtup_to_bin((identifier, f"{major}.{minor}")))


def _connected(host: str, port: int, source: str, header: bytes = b"") -> DCERPC_v5:
    channel = transport.TCPTransport(host, port)
    # impacket's own connect cannot choose the address that it comes from.
    connection = channel._TCPTransport__socket = socket.create_connection((host, port), PATIENCE, source_address=(source, 0))
    connection.sendall(header)
    channel.connect = lambda: 1
    dce = channel.get_dce_rpc()
    dce.connect()
    return dce


def endpoint_of(host: str, port: int, interface: str, source: str = "", header: bytes = b"", fragment: int = 0) -> int:
    """Ask the endpoint mapper at ``host`` and ``port`` for an interface, as a client at ``source``: the port that it tells.

    :param header: of the PROXY protocol.
    :param fragment: bytes of the call's fragments; 0 for a whole call.
    """
    dce = _connected(host, port, source, header)
    dce.set_max_fragment_size(fragment or -1)
    try:
        binding = epm.hept_map(host, _syntax(interface), protocol="ncacn_ip_tcp", dce=dce)
    finally:
        dce.disconnect()
    return int(binding.partition("[")[2].rstrip("]"))


def rpc_client(host: str, port: int, interface: str, source: str = "", header: bytes = b"") -> DCERPC_v5:
    """One that has bound to an interface, and stays until it is disconnected."""
    dce = _connected(host, port, source, header)
    try:
        dce.bind(_syntax(interface))
    except BaseException:
        dce.disconnect()
        raise
    return dce


def rpc_server_name(host: str, port: int, interface: str, source: str = "", header: bytes = b"") -> str:
    """Bind to an interface and call it, as a client at ``source``: the server's name."""
    dce = rpc_client(host, port, interface, source, header)
    try:
        dce.call(0, b"")
        return bytes(dce.recv()).decode()
    finally:
        dce.disconnect()


def endpoints_of(host: str, port: int, source: str = "", header: bytes = b"") -> list[Tower]:
    """All that the endpoint mapper at ``host`` and ``port`` tells of, by lookups until there is no more."""
    dce = _connected(host, port, source, header)
    towers: list[Tower] = []
    try:
        dce.bind(epm.MSRPC_UUID_PORTMAP)
        handle = epm.ept_lookup_handle_t()
        while True:
            request = epm.ept_lookup()
            request["inquiry_type"] = epm.RPC_C_EP_ALL_ELTS
            request["object"] = request["Ifid"] = epm.NULL
            request["vers_option"] = epm.RPC_C_VERS_ALL
            request["entry_handle"] = handle
            request["max_ents"] = 500
            # The last entries come together with the status that says so.
            answer = dce.request(request, checkError=False)
            entries = [answer["entries"][number] for number in range(answer["num_ents"])]
            towers += [Tower.decode(b"".join(entry["tower"]["tower_octet_string"])) for entry in entries]
            handle = answer["entry_handle"]
            if answer["status"] == NOT_REGISTERED or handle.isNull():
                return towers
    finally:
        dce.disconnect()


def interfaces_of_mapper(host: str, port: int) -> list[UUID]:
    """What is offered at the mapper's port, asked in a context that is added to a map's connection (alter_context)."""
    dce = _connected(host, port, "")
    try:
        epm.hept_map(host, _syntax("nspi"), protocol="ncacn_ip_tcp", dce=dce)
        answer = mgmt.hinq_if_ids(dce.alter_ctx(mgmt.MSRPC_UUID_MGMT))
        vector = answer["if_id_vector"]
        return [UUID(bytes_le=bytes(vector["if_id"][number]["Data"]["Uuid"])) for number in range(vector["count"])]
    finally:
        dce.disconnect()


def protected_endpoint_of(host: str, port: int, interface: str, user: str, password: str, level: int) -> int:
    """The same with NTLM, at an authentication level of MS-RPCE 2.2.1.1.8: 5 is signed, 6 is sealed.

    :raises DCERPCException: the call was refused.
    """
    channel = transport.TCPTransport(host, port)
    channel.set_credentials(user, password)
    dce = channel.get_dce_rpc()
    dce.set_auth_type(RPC_C_AUTHN_WINNT)
    dce.set_auth_level(level)
    dce.connect()
    try:
        binding = epm.hept_map(host, _syntax(interface), protocol="ncacn_ip_tcp", dce=dce)
    finally:
        dce.disconnect()
    return int(binding.partition("[")[2].rstrip("]"))


def rpcclient(host: str, options: str, user: str, password: str) -> str:
    """Samba's own client: maps on port 135 of ``host``, goes to the port told and asks for the server's description.

    :param options: of the binding, as ``[seal]``.
    """
    return run(["rpcclient", "-U", f"{user}%{password}", "-s", "/dev/null", f"ncacn_ip_tcp:{host}{options}", "-c", "srvinfo"])
