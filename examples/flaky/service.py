"""A service that fails twice before it answers: first it hangs up, then it is busy. `python service.py [PORT]`."""

import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RATES = {"/USD": "1.08", "/JPY": "163.5", "/NOK": "11.4"}

asked: Counter[str] = Counter()


class Rates(BaseHTTPRequestHandler):
    """Answers the path of a currency with its rate, at every third request for it."""

    def do_GET(self) -> None:
        """Hang up, be busy, or answer."""
        asked[self.path] += 1
        if asked[self.path] % 3 == 1:
            self.close_connection = True
        elif asked[self.path] % 3 == 2:
            self.answer(503, "busy", {"Retry-After": "1"})
        elif self.path in RATES:
            self.answer(200, RATES[self.path])
        else:
            self.answer(404, "no such currency")

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8531
    with ThreadingHTTPServer(("localhost", port), Rates) as server:
        server.serve_forever()
