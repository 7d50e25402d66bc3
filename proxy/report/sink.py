"""Where the journal's bytes go: a descriptor that may block, tear or refuse.

Knows one descriptor, called from the journal's thread only. It may wait there as long as a pipe
is full; it never raises.
"""

import os
import select


class Sink:
    """Writes batches of lines to a descriptor that it does not own."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._torn = False

    def write(self, lines: bytes) -> bool:
        """Write all of it, however long that takes; False when the descriptor refuses."""
        rest = memoryview(b"\n" + lines if self._torn else lines)
        try:
            while rest:
                written = self._write_some(rest)
                rest = rest[written:]
                # After a failure within a line the next one must not continue it.
                self._torn = True
        except OSError:
            return False
        self._torn = False
        return True

    def _write_some(self, data: memoryview) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:  # some other process has made the shared pipe non-blocking
            poll = select.poll()
            poll.register(self._fd, select.POLLOUT)
            poll.poll()
            return 0
