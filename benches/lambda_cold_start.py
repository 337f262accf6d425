"""Measures the start of the Lambda function: from the start of its process to the answer to its first event.

    python3 benches/lambda_cold_start.py target/release/zagg-worker [--starts 20] [--event EVENT.json ...]

This program is the runtime interface, and nothing else is: no network, no unpacking, no virtual machine to start.
The event is one without records, unless others are named, which are taken in turn. A real one also has its queue
opened, its run's record and plan read, and its job done (the environment then says where: AWS_ENDPOINT_URL and the
like). Prints the median, the least and the most of: process start until it asks for an event, until the answer has
come, and the same event once more.
"""

import argparse
import http.server
import json
import os
import pathlib
import statistics
import subprocess
import threading
import time


EMPTY = b'{"Records": []}'


class Interface(http.server.BaseHTTPRequestHandler):
    """The three requests of a runtime interface that a good function makes."""

    protocol_version = "HTTP/1.1"
    # Head and body leave together, at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        start = self.server.start
        start.asked.append(time.perf_counter())
        if len(start.asked) > start.events:
            start.over.set()
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"request-{len(start.asked)}",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 300) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:zagg",
            "Content-Type": "application/json",
        }
        self.reply(200, headers, start.event)

    def do_POST(self):
        start = self.server.start
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        start.answers.append((time.perf_counter(), self.path.rsplit("/", 1)[-1], body))
        self.reply(202, {}, b"")


class Start:
    """One start of the function."""

    def __init__(self, program, event, events=2):
        self.event, self.events = event, events
        self.asked, self.answers, self.over = [], [], threading.Event()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Interface)
        server.daemon_threads = True
        server.start = self
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        environment = {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "zagg",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        }
        self.began = time.perf_counter()
        process = subprocess.Popen(
            [program], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        ended = self.over.wait(60)
        process.kill()
        said = process.communicate()[1].decode(errors="replace")
        server.shutdown()
        server.server_close()
        if not ended or any(kind != "response" for _, kind, _ in self.answers):
            raise SystemExit(f"the function does not answer: {self.answers}\n{said}")

    def times(self):
        """Milliseconds until asking, until the first answer, and of the second event alone."""
        first, second = self.answers[0][0], self.answers[1][0]
        return [1000 * x for x in (self.asked[0] - self.began, first - self.began, second - self.asked[1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--event", nargs="+", default=[])
    typed = parser.parse_args()
    events = [pathlib.Path(name).read_bytes() for name in typed.event] or [EMPTY]
    # The first start reads the program from the disk.
    Start(typed.program, EMPTY)
    columns = zip(*(Start(typed.program, events[i % len(events)]).times() for i in range(typed.starts)))
    for what, times in zip(("asks for an event", "first answer", "second event"), columns):
        print(json.dumps({
            "what": what, "starts": typed.starts, "median_ms": round(statistics.median(times), 1),
            "least_ms": round(min(times), 1), "most_ms": round(max(times), 1),
        }))


if __name__ == "__main__":
    main()
