"""Runs a program where loopback is all the network: `unshare --net python -m tests.proof.namespace PROGRAM …`.

In a new namespace even that is down; this brings it up.
"""

import fcntl
import os
import socket
import struct
import sys

SET_FLAGS = 0x8914  # SIOCSIFFLAGS, netdevice(7)
UP_AND_RUNNING = 0x1 | 0x40


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP_AND_RUNNING))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
