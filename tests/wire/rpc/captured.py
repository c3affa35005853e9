"""What a client and Samba 4.17's endpoint mapper (Debian 12, 127.0.0.4) said to each other, octet by octet."""


def _octets(text: str) -> bytes:
    """Hexadecimal text, a field a line, each with what it is behind ``#``."""
    return bytes.fromhex(" ".join(line.split("#")[0] for line in text.splitlines()))


BIND_THREE = _octets("""
    05 00 0b 03  # version 5.0, bind, first and last fragment
    10 00 00 00  # little-endian, ASCII, IEEE
    a0 00 00 00  # frag_length 160, auth_length 0
    07 00 00 00  # call 7
    d0 16 d0 16  # max_xmit_frag, max_recv_frag 5840
    00 00 00 00  # a new association group
    03 00 00 00  # three contexts
    00 00 01 00  # context 0, one transfer syntax
    08 83 af e1 1f 5d c9 11 91 a4 08 00 2b 14 a0 fa 03 00 00 00  # epm 3.0
    04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 00 00  # NDR 2.0
    01 00 01 00  # context 1
    08 83 af e1 1f 5d c9 11 91 a4 08 00 2b 14 a0 fa 03 00 00 00
    33 05 71 71 ba be 37 49 83 19 b5 db ef 9c cc 36 01 00 00 00  # NDR64 1.0
    02 00 01 00  # context 2
    08 83 af e1 1f 5d c9 11 91 a4 08 00 2b 14 a0 fa 03 00 00 00
    2c 1c b7 6c 12 98 40 45 03 00 00 00 00 00 00 00 01 00 00 00  # bind time features 0x03
""")

BIND_THREE_ACK = _octets("""
    05 00 0c 03 10 00 00 00 6c 00 00 00 07 00 00 00  # bind_ack, 108 bytes, call 7
    d0 16 d0 16 5f bd 00 00  # 5840, 5840, group 0xbd5f
    04 00 31 33 35 00 00 00  # secondary address "135" with its NUL, two octets of padding
    03 00 00 00  # three results
    00 00 00 00 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 00 00  # acceptance, NDR 2.0
    02 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # provider rejection, transfer syntaxes
    03 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # negotiate_ack, features 0x03
""")

ALTER_REFUSED = _octets("""
    05 00 0f 03 10 00 00 00 38 00 00 00 08 00 00 00  # alter_context_response, 56 bytes, call 8
    d0 16 d0 16 5f bd 00 00
    00 00 00 00  # secondary address of length 0, two octets of padding
    01 00 00 00
    02 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # provider rejection, abstract syntax
""")

MAP_REQUEST = _octets("""
    05 00 00 03 10 00 00 00 8c 00 00 00 02 00 00 00  # request, 140 bytes, call 2
    74 00 00 00 00 00 03 00  # alloc_hint 116, context 0, opnum 3 (ept_map)
    00 00 00 00  # object: NULL
    02 00 00 00  # tower: referent 2
    4b 00 00 00 4b 00 00 00  # 75 octets, 75 octets
    05 00  # five floors
    13 00 0d 01 d0 8c 33 44 22 f1 31 aa aa 90 00 38 00 10 03 01 00 02 00 00 00  # winreg 1.0
    13 00 0d 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 02 00 00 00  # NDR 2.0
    01 00 0b 02 00 00 00  # connection-oriented RPC
    01 00 07 02 00 00 87  # TCP, port 135
    01 00 09 04 00 00 00 00 00  # IP, 0.0.0.0
    00  # padding
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # entry handle
    10 00 00 00  # max_towers 16
""")

MAP_RESPONSE = _octets("""
    05 00 02 03 10 00 00 00 98 00 00 00 02 00 00 00  # response, 152 bytes, call 2
    80 00 00 00 00 00 00 00  # alloc_hint 128, context 0
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # entry handle
    01 00 00 00  # num_towers
    10 00 00 00 00 00 00 00 01 00 00 00  # an array of 16, from 0, with 1
    01 00 00 00  # referent 1
    4b 00 00 00 4b 00 00 00
    05 00
    13 00 0d 01 d0 8c 33 44 22 f1 31 aa aa 90 00 38 00 10 03 01 00 02 00 00 00
    13 00 0d 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 02 00 00 00
    01 00 0b 02 00 00 00
    01 00 07 02 00 c0 64  # TCP, port 49252
    01 00 09 04 00 7f 00 00 04  # IP, 127.0.0.4
    00
    00 00 00 00  # status
""")

MAP_NOTHING = _octets("""
    05 00 02 03 10 00 00 00 40 00 00 00 02 00 00 00
    28 00 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    00 00 00 00  # num_towers
    10 00 00 00 00 00 00 00 00 00 00 00  # an array of 16, from 0, with 0
    d6 a0 c9 16  # ept_s_not_registered
""")

OPNUM_FAULT = _octets("""
    05 00 03 23 10 00 00 00 20 00 00 00 03 00 00 00  # fault, did not execute, call 3
    18 00 00 00 00 00 00 00  # alloc_hint, context 0, cancel count
    02 00 01 1c 00 00 00 00  # nca_s_op_rng_error
""")

LOOKUP_REQUEST = _octets("""
    05 00 00 03 10 00 00 00 40 00 00 00 01 00 00 00  # request, 64 bytes, call 1 (impacket's)
    28 00 00 00 00 00 02 00  # alloc_hint 40, context 0, opnum 2
    00 00 00 00  # inquiry_type: all elements
    00 00 00 00 00 00 00 00  # NULL object, NULL interface
    01 00 00 00  # vers_option: all
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # entry handle
    04 00 00 00  # max_ents 4
""")

LOOKUP_RESPONSE = _octets("""
    05 00 02 03 10 00 00 00 30 02 00 00 03 00 00 00  # response, 560 bytes, call 3
    18 02 00 00 00 00 00 00  # alloc_hint 536, context 0
    00 00 00 00 5c 6e a8 bd d9 fd ba 41 8a 8b 64 85 11 96 e1 f7  # entry handle: there is more
    04 00 00 00  # num_ents
    04 00 00 00 00 00 00 00 04 00 00 00  # an array of 4, from 0, with 4
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # no object
    01 00 00 00 00 00 00 00 07 00 00 00  # referent 1, an annotation from 0 with 7
    77 69 6e 72 65 67 00 00  # "winreg", NUL, padding
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    02 00 00 00 00 00 00 00 07 00 00 00 77 69 6e 72 65 67 00 00
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    03 00 00 00 00 00 00 00 07 00 00 00 77 69 6e 72 65 67 00 00
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    04 00 00 00 00 00 00 00 07 00 00 00 73 72 76 73 76 63 00 00  # "srvsvc"
    53 00 00 00 53 00 00 00 05 00  # a tower of 83 bytes with five floors
    13 00 0d 01 d0 8c 33 44 22 f1 31 aa aa 90 00 38 00 10 03 01 00 02 00 00 00  # winreg 1.0
    13 00 0d 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 02 00 00 00
    01 00 0b 02 00 00 00
    01 00 0f 0d 00 5c 70 69 70 65 5c 77 69 6e 72 65 67 00  # named pipe "\\pipe\\winreg"
    01 00 11 01 00 00 00  # NetBIOS, without a name; padding
    4b 00 00 00 4b 00 00 00 05 00
    13 00 0d 01 d0 8c 33 44 22 f1 31 aa aa 90 00 38 00 10 03 01 00 02 00 00 00
    13 00 0d 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 02 00 00 00
    01 00 0b 02 00 00 00
    01 00 07 02 00 c0 00 01 00 09 04 00 7f 00 00 4d 00  # TCP, port 49152; IP, 127.0.0.77
    4c 00 00 00 4c 00 00 00 04 00
    13 00 0d 01 d0 8c 33 44 22 f1 31 aa aa 90 00 38 00 10 03 01 00 02 00 00 00
    13 00 0d 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 02 00 00 00
    01 00 0c 02 00 00 00
    01 00 10 0c 00 72 70 63 64 5f 77 69 6e 72 65 67 00  # ncalrpc "rpcd_winreg"
    53 00 00 00 53 00 00 00 05 00
    13 00 0d c8 4f 32 4b 70 16 d3 01 12 78 5a 47 bf 6e e1 88 03 00 02 00 00 00  # srvsvc 3.0
    13 00 0d 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 02 00 00 00
    01 00 0b 02 00 00 00
    01 00 0f 0d 00 5c 70 69 70 65 5c 73 72 76 73 76 63 00
    01 00 11 01 00 00 00
    00 00 00 00  # status
""")
