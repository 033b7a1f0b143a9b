"""A loop that is a queue of callbacks, with streams that tell how they were called: what the host makes of a driver."""

import errno
import os
import socket
from collections import deque

from evspec_host import Driver

#: As ``maxRead``: no stream can be made; one that never closes its fd; one whose closing raises.
REFUSED = 1
LEAKS = 2
RAISES = 3
#: As ``maxRead``: what a read is given is overwritten afterwards; it is taken away.
OVERWRITES = 4
RELEASES = 5


class Loop:
    def __init__(self):
        self.queue = deque()
        self.stopped = False


class FakeStream:
    def __init__(self, loop, sock, max_read):
        self.loop = loop
        self.sock = sock
        self.max_read = max_read
        self.on_close = None

    def soon(self, callback, *arguments):
        self.loop.queue.append(lambda: callback(*arguments))


class Pipe:
    """What of a socket a stream needs, over the number of a pipe."""

    def __init__(self, fd):
        self.fd = fd

    def recv(self, size):
        return os.read(self.fd, size)

    def send(self, data):
        return os.write(self.fd, data)

    def close(self):
        os.close(self.fd)
        self.fd = -1

    def fileno(self):
        return self.fd


class FakeStreams(Driver):
    name = "fake"
    version = "0"
    unclaimed = {"maxWrite": "it is a fake"}

    def new_loop(self):
        return Loop()

    def start(self, loop):
        loop.stopped = False
        while loop.queue and not loop.stopped:
            loop.queue.popleft()()

    def stop(self, loop):
        loop.stopped = True

    def close(self, loop):
        pass

    def add_callback(self, loop, callback):
        loop.queue.append(callback)

    def new_stream(self, loop, sock, max_read, max_write):
        if max_read == REFUSED:
            raise OSError(errno.ENOBUFS, "refused")
        if sock.gettimeout() != 0:
            raise ValueError("the socket blocks")
        return FakeStream(loop, sock, max_read)

    def new_pipe_stream(self, loop, fd, max_read, max_write):
        return FakeStream(loop, Pipe(fd), max_read)

    def connect_stream(self, loop, address, callback):
        stream = FakeStream(loop, socket.socket(address.family, socket.SOCK_STREAM), None)
        try:
            stream.sock.connect(address.sockaddr)
            stream.soon(callback, None)
        except OSError as error:
            stream.soon(callback, error)
        return stream

    def read_until(self, stream, delimiter, callback, max_bytes):
        stream.soon(callback, None, b"until %s, %d" % (delimiter, max_bytes or 0))

    def read_until_regex(self, stream, pattern, callback, max_bytes):
        stream.soon(callback, None, bytearray(b"until /%s/, %d" % (pattern, max_bytes or 0)))

    def read_bytes(self, stream, size, callback):
        stream.soon(callback, None, None if size == 0 else b"\xff" * size)

    def read_some(self, stream, size, callback):
        data = stream.sock.recv(9 if size is None else size)
        if stream.max_read == OVERWRITES:
            data = bytearray(data)
            stream.soon(callback, None, data)
            stream.soon(data.__setitem__, slice(1, 3), b"??")
        elif stream.max_read == RELEASES:
            data = memoryview(data)
            stream.soon(callback, None, data)
            stream.soon(data.release)
        else:
            stream.soon(callback, None, data)

    def read_until_close(self, stream, callback):
        error = RuntimeError("no more")
        error.__cause__ = ConnectionResetError(errno.ECONNRESET, "reset")
        stream.soon(callback, error, None)

    def write(self, stream, data, callback):
        stream.sock.send(data)
        if callback is not None:
            stream.soon(callback, None)

    def set_close_callback(self, stream, callback):
        stream.on_close = callback

    def end_stream(self, stream):
        stream.sock.shutdown(socket.SHUT_WR)

    def close_stream(self, stream):
        if stream.max_read == RAISES:
            raise KeyboardInterrupt("while closing")
        if stream.max_read != LEAKS:
            stream.sock.close()
        if stream.on_close is not None:
            stream.soon(stream.on_close, TimeoutError("too long"))

    def stream_reading(self, stream):
        return None

    def stream_writing(self, stream):
        return False

    def stream_closed(self, stream):
        return stream.sock.fileno() == -1
