"""api.py: what the faked APIs share: one World behind an HTTP server of answers in JSON,
faults that were told to it, and the command line. A fake gives a Handler with a method
serve(), a World(options), and what its options are when they are not given."""
import argparse
import http.server
import json


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    kind = "application/json"

    def log_message(self, *_):
        pass

    def raw(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def say(self, status, value, headers=(), half=False, kind=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        (self.send_response_only if "Date" in headers else self.send_response)(status)
        for name, text in dict(headers).items():
            if text:
                self.send_header(name, text)
        self.send_header("Content-Type", kind or self.kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if half else body)
        if half:
            self.cut()

    def cut(self):
        """No further byte comes."""
        self.close_connection = True
        self.connection.shutdown(2)

    def fault(self, w, where):
        """What was told for this place; each is for one request, after those it skips."""
        fault = next((f for f in w.faults if f["where"] == where), None)
        if fault and fault.get("skip", 0) > 0:
            fault["skip"] -= 1
            return None
        if fault:
            w.faults.remove(fault)
        return fault

    def do_GET(self):
        self.serve()

    do_POST = do_GET


def main(handler, world, **presets):
    parser = argparse.ArgumentParser()
    for name, preset in presets.items():
        parser.add_argument("--" + name, type=type(preset), default=preset)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a daemon was killed
    server.world = world(parser.parse_args())
    print("listening on http://127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever()
