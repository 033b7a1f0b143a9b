"""A driver whose server is the standard library's: what the host does with servers can be seen by it."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from evspec_host import Driver, Serving

import json
import threading


class Serves(Driver):
    name = "serves"
    version = "1"
    unclaimed = {"server": "it has no routes"}

    def serve(self, options, announce):
        backlog = options.get("backlog")
        if backlog == 1:
            raise ValueError("no such backlog")
        if backlog == 2:
            return
        released = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(options).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A graceful end that takes until the other kind comes.
        stop = (lambda: None) if backlog == 3 else released.set
        announce(Serving("127.0.0.1", server.server_port, stop=stop, close=released.set))
        if backlog == 4:
            raise RuntimeError("broken")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        released.wait()
        server.shutdown()
        server.server_close()
