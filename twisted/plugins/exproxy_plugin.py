"""``twistd exproxy``."""

from twisted.application.service import ServiceMaker

exproxy = ServiceMaker("exproxy", "exproxy.tap", "Load balancer and reverse proxy for Exchange and mail servers.", "exproxy")
