"""The middle of mode ``epm``: what stands between a client and a server's endpoint mapper, without a socket."""

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.epmrelay.directory import Directory, Place
from exproxy.wire.epmrelay.relay import Counters, MapperRelay, Protected

__all__ = ["Broken", "Counters", "Crossing", "Directory", "MapperRelay", "Place", "Protected"]
