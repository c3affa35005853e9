"""nginx as the web server behind the proxies: a tiny reply and a body of 64 MB."""

import os
from pathlib import Path

from bench.processes import LOOPBACK, Processes, free_port, program

BULK_BYTES = 64 << 20
BULK = "/bulk"
TINY = "/tiny"
VARIED = "/microsoft-server-activesync"
"""Answered in a few words, with what IIS and Exchange put before them; a line of it is different in each answer."""

# Two workers, so that a proxy with one thread never waits for them; nothing ends a connection but a client.
CONFIGURATION = """
{user}
daemon off;
worker_processes 2;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log error;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    keepalive_timeout 900s;
    client_header_timeout 900s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {host}:{port} backlog=4096;
        root {folder};
        location = /tiny {{ return 200 "ok\\n"; }}
        location = {varied} {{
            add_header Cache-Control private;
            add_header request-id $request_id;
            add_header X-CalculatedBETarget ex1.bench.example;
            add_header MS-Server-ActiveSync 15.2;
            add_header X-AspNet-Version 4.0.30319;
            add_header X-Powered-By ASP.NET;
            add_header X-FEServer EX1;
            return 200 "ok\\n";
        }}
    }}
}}
"""


def start_web(processes: Processes) -> tuple[int, int]:
    """Start nginx; returns its process id and its port."""
    folder: Path = processes.folder
    with (folder / "bulk").open("wb") as body:
        for _ in range(BULK_BYTES >> 20):
            body.write(bytes(1 << 20))
    port = free_port()
    path = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    path.write_text(CONFIGURATION.format(user=user, folder=folder, host=LOOPBACK, port=port, varied=VARIED))
    return processes.start("nginx", [program("nginx"), "-p", str(folder), "-c", str(path)], port), port
