"""What HAProxy tells of things and of the process: each field's name, its place, and what its value means.

The order is the protocol: programs go by it.  Up to ``agg_check_status`` these are HAProxy's own, behind ``-`` those of its
modules for TLS, HTTP/2 and HTTP/1.
"""

from typing import Literal

from attrs import frozen

Kind = Literal["u32", "u64", "s32", "str"]


@frozen
class Field:
    """:param tags: origin, nature and scope, a letter each, as ``show stat typed`` has them.

    :param of_backends: the tags where the field is a back end's, if they are others.
    """

    name: str
    tags: str
    kind: Kind
    of_backends: str = ""

    @property
    def counts(self) -> bool:
        """Whether it only grows, until somebody clears it."""
        return self.tags[:2] == "MC"


STAT = (
    Field("pxname", "KNS", "str"),
    Field("svname", "KNS", "str"),
    Field("qcur", "MGP", "u32"),
    Field("qmax", "MMP", "u32"),
    Field("scur", "MGP", "u32"),
    Field("smax", "MMP", "u32"),
    Field("slim", "CLP", "u32"),
    Field("stot", "MCP", "u64"),
    Field("bin", "MCP", "u64"),
    Field("bout", "MCP", "u64"),
    Field("dreq", "MCP", "u64"),
    Field("dresp", "MCP", "u64"),
    Field("ereq", "MCP", "u64"),
    Field("econ", "MCP", "u64"),
    Field("eresp", "MCP", "u64"),
    Field("wretr", "MCP", "u64"),
    Field("wredis", "MCP", "u64"),
    Field("status", "SGP", "str"),
    Field("weight", "MaP", "u32"),
    Field("act", "SGP", "u32", "MGP"),
    Field("bck", "SGP", "u32", "MGP"),
    Field("chkfail", "MCP", "u64"),
    Field("chkdown", "MCP", "u64"),
    Field("lastchg", "MAP", "u32"),
    Field("downtime", "MCP", "u32"),
    Field("qlimit", "CLS", "u32"),
    Field("pid", "KGP", "u32"),
    Field("iid", "KGS", "u32"),
    Field("sid", "KGS", "u32"),
    Field("throttle", "MaP", "u32"),
    Field("lbtot", "MCP", "u64"),
    Field("tracked", "CNP", "str"),
    Field("type", "CGS", "u32"),
    Field("rate", "MRP", "u32", "MGP"),
    Field("rate_lim", "CLP", "u32"),
    Field("rate_max", "MMP", "u32", "MGP"),
    Field("check_status", "MOP", "str"),
    Field("check_code", "MOP", "u32"),
    Field("check_duration", "MDP", "u64"),
    Field("hrsp_1xx", "MCP", "u64"),
    Field("hrsp_2xx", "MCP", "u64"),
    Field("hrsp_3xx", "MCP", "u64"),
    Field("hrsp_4xx", "MCP", "u64"),
    Field("hrsp_5xx", "MCP", "u64"),
    Field("hrsp_other", "MCP", "u64"),
    Field("hanafail", "MCP", "u64"),
    Field("req_rate", "MRP", "u32"),
    Field("req_rate_max", "MMP", "u32"),
    Field("req_tot", "MCP", "u64"),
    Field("cli_abrt", "MCP", "u64"),
    Field("srv_abrt", "MCP", "u64"),
    Field("comp_in", "MCP", "u64"),
    Field("comp_out", "MCP", "u64"),
    Field("comp_byp", "MCP", "u64"),
    Field("comp_rsp", "MCP", "u64"),
    Field("lastsess", "MAP", "s32"),
    Field("last_chk", "MOP", "str"),
    Field("last_agt", "MOP", "str"),
    Field("qtime", "MaP", "u32"),
    Field("ctime", "MaP", "u32"),
    Field("rtime", "MaP", "u32"),
    Field("ttime", "MaP", "u32"),
    Field("agent_status", "MOP", "str"),
    Field("agent_code", "MOP", "u32"),
    Field("agent_duration", "MDP", "u64"),
    Field("check_desc", "MOP", "str"),
    Field("agent_desc", "MOP", "str"),
    Field("check_rise", "CGS", "u32"),
    Field("check_fall", "CGS", "u32"),
    Field("check_health", "CGS", "u32"),
    Field("agent_rise", "CGS", "u32"),
    Field("agent_fall", "CGS", "u32"),
    Field("agent_health", "CGS", "u32"),
    Field("addr", "CGS", "str"),
    Field("cookie", "CNS", "str"),
    Field("mode", "CGS", "str"),
    Field("algo", "CGS", "str"),
    Field("conn_rate", "MRP", "u32"),
    Field("conn_rate_max", "MMP", "u32"),
    Field("conn_tot", "MCP", "u64"),
    Field("intercepted", "MCP", "u64"),
    Field("dcon", "MCP", "u64"),
    Field("dses", "MCP", "u64"),
    Field("wrew", "MCP", "u64"),
    Field("connect", "MCP", "u64"),
    Field("reuse", "MCP", "u64"),
    Field("cache_lookups", "MCP", "u64"),
    Field("cache_hits", "MCP", "u64"),
    Field("srv_icur", "MGP", "u32"),
    Field("src_ilim", "CLP", "u32"),
    Field("qtime_max", "MMP", "u32"),
    Field("ctime_max", "MMP", "u32"),
    Field("rtime_max", "MMP", "u32"),
    Field("ttime_max", "MMP", "u32"),
    Field("eint", "MCP", "u64"),
    Field("idle_conn_cur", "MGP", "u32"),
    Field("safe_conn_cur", "MGP", "u32"),
    Field("used_conn_cur", "MGP", "u32"),
    Field("need_conn_est", "MGP", "u32"),
    Field("uweight", "MaP", "u32"),
    Field("agg_server_status", "MGP", "u32"),
    Field("agg_server_check_status", "MGP", "u32"),
    Field("agg_check_status", "MGP", "u32"),
    Field("-", "PNS", "str"),
    Field("ssl_sess", "MCP", "u64"),
    Field("ssl_reused_sess", "MCP", "u64"),
    Field("ssl_failed_handshake", "MCP", "u64"),
    Field("h2_headers_rcvd", "MCP", "u64"),
    Field("h2_data_rcvd", "MCP", "u64"),
    Field("h2_settings_rcvd", "MCP", "u64"),
    Field("h2_rst_stream_rcvd", "MCP", "u64"),
    Field("h2_goaway_rcvd", "MCP", "u64"),
    Field("h2_detected_conn_protocol_errors", "MCP", "u64"),
    Field("h2_detected_strm_protocol_errors", "MCP", "u64"),
    Field("h2_rst_stream_resp", "MCP", "u64"),
    Field("h2_goaway_resp", "MCP", "u64"),
    Field("h2_open_connections", "MGP", "u64"),
    Field("h2_backend_open_streams", "MGP", "u64"),
    Field("h2_total_connections", "MCP", "u64"),
    Field("h2_backend_total_streams", "MCP", "u64"),
    Field("h1_open_connections", "MGP", "u64"),
    Field("h1_open_streams", "MGP", "u64"),
    Field("h1_total_connections", "MCP", "u64"),
    Field("h1_total_streams", "MCP", "u64"),
    Field("h1_bytes_in", "MCP", "u64"),
    Field("h1_bytes_out", "MCP", "u64"),
    Field("h1_spliced_bytes_in", "MCP", "u64"),
    Field("h1_spliced_bytes_out", "MCP", "u64"),
)
"""``show stat``."""

PLACES = {field.name: place for place, field in enumerate(STAT)}
"""By name."""
