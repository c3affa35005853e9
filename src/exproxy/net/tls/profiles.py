"""Which versions and ciphers of TLS are spoken.

The groups of the key exchange are OpenSSL's own choice, because pyOpenSSL has no call for a list of them; it has the
hybrid X25519MLKEM768 in front, then X25519 and the NIST curves.
"""

from collections.abc import Mapping

import attrs
from OpenSSL import SSL

VERSIONS: Mapping[str, int] = {
    "TLSv1.0": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}

SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
"""All that TLS 1.3 has for general use (RFC 8446 section 9.1)."""
INTERMEDIATE = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
"""Mozilla's "Server Side TLS", intermediate, without its DHE suites: every client that has those has these."""
OLD = "DEFAULT:@SECLEVEL=0"
"""With the SHA-1 signatures, 1024-bit keys and CBC ciphers that TLS 1.0 peers have."""


class ProfileError(Exception):
    """OpenSSL does not know what the profile names; the text is a sentence part."""


@attrs.frozen
class Profile:
    """:param ciphers: of TLS 1.2 and older, as ``openssl ciphers`` has them; ``suites``: of TLS 1.3."""

    name: str
    min_version: str = "TLSv1.2"
    max_version: str = "TLSv1.3"
    ciphers: str = INTERMEDIATE
    suites: str = SUITES

    def apply(self, context: SSL.Context) -> None:
        """Have ``context`` speak this.

        :raises ProfileError: a cipher that OpenSSL does not know.
        """
        context.set_min_proto_version(VERSIONS[self.min_version])
        context.set_max_proto_version(VERSIONS[self.max_version])
        for what, text, use in (
            ("ciphers", self.ciphers, context.set_cipher_list),
            ("ciphersuites", self.suites, context.set_tls13_ciphersuites),
        ):
            try:
                use(text.encode())
            except SSL.Error as error:
                raise ProfileError(f'OpenSSL knows none of the {what} "{text}" of TLS profile {self.name}') from error
        options = SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION
        if VERSIONS[self.min_version] < SSL.TLS1_2_VERSION:
            options |= SSL.OP_LEGACY_SERVER_CONNECT  # servers of that age have no RFC 5746
        context.set_options(options)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)


BUILT_IN: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("modern", min_version="TLSv1.3"),
        Profile("intermediate"),
        # Between mail servers TLS is opportunistic (RFC 7435): who fails to agree sends in plain text.  So all that OpenSSL still
        # considers sound in TLS 1.2 is allowed, CBC and RSA key exchange too; TLS 1.0 and 1.1 are not (RFC 8996).
        Profile("mx", ciphers="DEFAULT:@SECLEVEL=1"),
        Profile("legacy", min_version="TLSv1.0", ciphers=OLD),
    )
}
