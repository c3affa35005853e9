"""Header lines in which a proxy tells of a client's certificate: from a client itself they are a forged identity.

RFC 9440 (section 4) demands that they are removed from every request, whether or not there is a certificate.
"""

from collections.abc import Iterable

from exproxy.wire.web.rules import spellings

KNOWN = (
    b"client-cert",
    b"client-cert-chain",
    b"ssl-client-cert",
    b"ssl-client-verify",
    b"x-arr-clientcert",
    b"x-client-cert",
    b"x-forwarded-client-cert",
    b"x-ssl-cert",
    b"x-ssl-client-cert",
    b"x-ssl-client-cn",
    b"x-ssl-client-dn",
    b"x-ssl-client-i-dn",
    b"x-ssl-client-issuer",
    b"x-ssl-client-notafter",
    b"x-ssl-client-notbefore",
    b"x-ssl-client-s-dn",
    b"x-ssl-client-serial",
    b"x-ssl-client-sha1",
    b"x-ssl-client-sha256",
    b"x-ssl-client-verify",
    b"x-ssl-issuer",
)
"""What the field has: ours, HAProxy's and nginx's documentation, Apache's, IIS's (Application Request Routing), Envoy's."""


def certificate_claims(names: Iterable[str] = ()) -> frozenset[bytes]:
    """Names in lower case, in every spelling that IIS would take for them.

    :param names: those that an administrator has chosen, too.
    """
    return frozenset().union(*(spellings(name) for name in (*KNOWN, *(name.lower().encode("ascii") for name in names))))
