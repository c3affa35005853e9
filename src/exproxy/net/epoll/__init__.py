"""Streams on one epoll of our own, whose descriptor is the only one that Twisted's reactor watches (Linux).

Sockets are registered once, edge-triggered, for both directions, and never changed: a stream reads until the kernel
gave less than was asked for, sends at once, and queues only what the kernel does not take.
"""
