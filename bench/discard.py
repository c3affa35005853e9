"""A syslog server that reads and discards: ``python -m bench.discard PORT``."""

import socket
import sys


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", int(sys.argv[1])))
        buffer = bytearray(65536)
        while True:
            server.recv_into(buffer)


if __name__ == "__main__":
    main()
