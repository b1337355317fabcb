"""Sockets whose connection is to be reset: what has arrived, and how they are closed."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios

import pycurl


def reset_on_close(fd: int, _purpose: int) -> int:
    """Make a close send an RST rather than a FIN: curl's SOCKOPTFUNCTION."""
    line = socket.socket(fileno=fd)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    finally:
        line.detach()  # the socket is curl's
    return int(pycurl.SOCKOPT_OK)


def has_arrived(fd: int) -> bool:
    """Tell whether the other side's system has all that was written to a socket.

    An RST throws away what is still queued. Where the system does not tell (only Linux is known
    to), it counts as arrived.
    """
    try:
        queued = fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(struct.calcsize("i")))
    except OSError:
        return True
    return struct.unpack("i", queued) == (0,)
