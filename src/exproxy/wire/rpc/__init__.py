"""DCE/RPC version 5, connection-oriented (C706 chapter 12, MS-RPCE 2.2): PDUs, associations, calls, and a client's side."""
