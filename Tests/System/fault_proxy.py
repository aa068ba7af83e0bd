"""A TCP relay between a worker and its coordinator that does what networks do."""

import socket
import struct
import threading
import time

UP, DOWN = "up", "down"  # from the worker to the coordinator, and back


class FaultProxy:
    """Listens on a loopback port of its own and relays to `port`, with the faults it is told.

    A stalled way takes and passes nothing, as when packets are dropped: what is sent meanwhile is
    late, not lost. A cut resets the connections that there are; the next ones are relayed again.
    """

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.delay_seconds = 0
        self.changed = threading.Condition()
        self.stalled, self.pairs = set(), []
        self.bytes_left = None  # until a cut, which then falls into the middle of a frame
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self, *ways):
        with self.changed:
            self.stalled |= set(ways)

    def heal(self):
        """Ends stalls and delays."""
        with self.changed:
            self.stalled, self.delay_seconds = set(), 0
            self.changed.notify_all()

    def cut(self, after_bytes=0):
        """Resets all connections, once so many more bytes were relayed."""
        with self.changed:
            self.bytes_left = after_bytes or None
            if not after_bytes:
                self._reset()

    def close(self):
        self.listener.close()
        self.cut()
        self.heal()

    def _reset(self):
        for pair in self.pairs:
            for end in pair:
                try:
                    # No time to linger: the close is a reset; socket(7), SO_LINGER.
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RD)
                    end.close()
                except OSError:
                    pass  # it had ended by itself
        self.pairs = []

    def _accept(self):
        while True:
            try:
                worker, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(worker,), daemon=True).start()

    def _relay(self, worker):
        with self.changed:
            self.changed.wait_for(lambda: not self.stalled)
        try:
            coordinator = socket.create_connection(self.target, 10)
        except OSError:
            worker.close()
            return
        coordinator.settimeout(None)
        with self.changed:
            self.pairs.append((worker, coordinator))
        for way in ((worker, coordinator, UP), (coordinator, worker, DOWN)):
            threading.Thread(target=self._pump, args=way, daemon=True).start()

    def _pump(self, source, target, way):
        try:
            while data := source.recv(64 << 10):
                time.sleep(self.delay_seconds)
                with self.changed:
                    self.changed.wait_for(lambda: way not in self.stalled)
                    data, is_cut = self._allowed(data)
                target.sendall(data)
                if is_cut:
                    self.cut()
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # an end is gone: so is the connection
        finally:
            target.close()

    def _allowed(self, data):
        if self.bytes_left is None:
            return data, False
        data = data[: self.bytes_left]
        self.bytes_left -= len(data)
        return data, self.bytes_left == 0
