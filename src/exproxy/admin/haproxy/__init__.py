"""HAProxy's runtime socket and its ``/stats;csv``, in HAProxy's words, for the tools and scripts that people have.

What is told is made of the same views and pools as all other ways in; what is done goes through
:class:`exproxy.admin.actions.Actions`, and so into the audit.  The model is HAProxy 2.6 (``doc/management.txt``, 9.3), with which
``tests/integration/test_haproxy_socket.py`` compares.
"""
