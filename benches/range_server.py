#!/usr/bin/env python3
"""Serves a folder over HTTP/1.1 with byte ranges, each answer delayed, and counts requests and bytes.

    range_server.py FOLDER [--port 8765] [--delay-ms 50]

On Ctrl-C it prints what it served. Loopback only.
"""
import argparse
import http.server
import os
import threading
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder")
parser.add_argument("--port", type=int, default=8765)
parser.add_argument("--delay-ms", type=float, default=50.0)
arguments = parser.parse_args()
served = {"requests": 0, "bytes": 0}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(arguments.delay_ms / 1000)
        path = os.path.join(arguments.folder, os.path.basename(self.path))
        if not os.path.isfile(path):
            self.send_error(404)
            return
        size = os.path.getsize(path)
        first, last, status = 0, size - 1, 200
        wanted = self.headers.get("Range")
        if wanted:
            start, end = wanted.removeprefix("bytes=").split("-")
            first, last, status = int(start), min(int(end or size - 1), size - 1), 206
        with open(path, "rb") as file:
            body = os.pread(file.fileno(), last - first + 1, first)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        self.wfile.write(body)
        with lock:
            served["requests"] += 1
            served["bytes"] += len(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
try:
    server.serve_forever()
except KeyboardInterrupt:
    print(f"served {served['requests']} requests, {served['bytes'] / 1e6:.1f} MB")
