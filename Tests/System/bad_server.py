"""A web server of files that misbehaves as it is told, for the tests of ingestion.

On loopback, in a thread of the test. Each path has a `Page` that says what it holds and how it is
served; requests are kept, so that a test can look at what was asked for.
"""

import hashlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    body: bytes
    # What the path answers with instead of its body: a status for so many requests.
    status: int = 200
    status_times: int = 10**9
    retry_after: str | None = None
    location: str | None = None
    # Bytes after which each answer breaks off; None: never.
    break_after: int | None = None
    # What Content-Length says beyond the truth.
    lie: int = 0
    # Whether ranges and conditions are known.
    ranges: bool = True
    conditions: bool = True
    # Seconds between pieces of 16 KiB.
    delay: float = 0
    # The body that is served once a range has been asked for, as one of the same validator or not.
    then: bytes | None = None
    keeps_etag: bool = False
    etag: str | None = None
    requests: list = field(default_factory=list)

    def tag(self, body):
        return self.etag or f'"{hashlib.md5(body).hexdigest()}"'


class QuietServer(ThreadingHTTPServer):
    """Clients that leave in the middle are what the tests are about, and no news."""

    def handle_error(self, *_):
        pass


class BadServer:
    """Serves `pages` by path until it is stopped."""

    def __init__(self):
        self.pages = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server._answer(self)

            def log_message(self, *_):
                pass

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.authority = "127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, path):
        return f"http://{self.authority}/{path}"

    def page(self, path, body, **settings):
        page = Page(body, **settings)
        self.pages["/" + path] = page
        return page

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request):
        page = self.pages.get(request.path)
        if page is None:
            return self._head(request, 404, {"Content-Length": "0"})
        page.requests.append(dict(request.headers))
        if page.status != 200 and len(page.requests) <= page.status_times:
            fields = {"Content-Length": "0"}
            if page.retry_after:
                fields["Retry-After"] = page.retry_after
            if page.location:
                fields["Location"] = page.location
            return self._head(request, page.status, fields)
        body, start = page.body, 0
        asked = request.headers.get("Range") if page.ranges else None
        if asked and page.then is not None:
            body = page.then
        tag = page.tag(page.body if page.keeps_etag else body)
        fields = {"ETag": tag}
        if page.conditions and request.headers.get("If-None-Match") == tag:
            return self._head(request, 304, fields)
        code = 200
        if asked:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self._head(request, 416, {"Content-Length": "0"})
            code = 206
            fields["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        rest = body[start:]
        fields["Content-Length"] = str(len(rest) + page.lie)
        self._head(request, code, fields)
        limit = len(rest) if page.break_after is None else min(len(rest), page.break_after)
        try:
            for place in range(0, limit, 16384):
                request.wfile.write(rest[place : min(limit, place + 16384)])
                if page.delay:
                    request.wfile.flush()
                    time.sleep(page.delay)
        except OSError:
            pass  # The client has left.
        if limit < len(rest) or page.lie:
            request.close_connection = True

    def _head(self, request, status, fields):
        try:
            request.send_response(status)
            for name, value in fields.items():
                request.send_header(name, value)
            request.end_headers()
        except OSError:
            request.close_connection = True
