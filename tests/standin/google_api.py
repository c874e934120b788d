"""A stand-in of Google's REST API on loopback: instances and TPU nodes, by pages of two."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PAGE = 2


def instance(
    name: str, zone: str, address: str, labels: Mapping[str, str], status: str = "RUNNING"
) -> dict[str, Any]:
    """An instance as Compute Engine describes it."""
    interface = {
        "networkIP": address,
        "accessConfigs": [{"natIP": address.replace("10.", "34.", 1)}],
    }
    return {
        "name": name,
        "zone": f"https://www.googleapis.com/compute/v1/projects/lab/zones/{zone}",
        "status": status,
        "labels": dict(labels),
        "networkInterfaces": [interface],
    }


def node(
    name: str, zone: str, addresses: list[str], labels: Mapping[str, str], state: str = "READY"
) -> dict[str, Any]:
    """A slice as Cloud TPU describes it."""
    return {
        "name": f"projects/lab/locations/{zone}/nodes/{name}",
        "state": state,
        "labels": dict(labels),
        "networkEndpoints": [{"ipAddress": each, "port": 8470} for each in addresses],
    }


class GoogleApi:
    """What there is; tests change it while it is asked."""

    def __init__(self) -> None:
        self.instances: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self.url = ""
        self.asked: list[str] = []

    def answer(self, path: str, query: dict[str, list[str]]) -> dict[str, Any] | None:
        """The JSON of a request, or None where there is nothing of the name."""
        first = int(query.get("pageToken", ["0"])[0])
        if path == "/compute/v1/projects/lab/aggregated/instances":
            wanted = dict(re.findall(r"labels\.([\w-]+)=([\w-]+)", query["filter"][0]))
            found = [each for each in self.instances if wanted.items() <= each["labels"].items()]
            items: dict[str, Any] = {}
            for each in found[first : first + _PAGE]:
                zone = "zones/" + each["zone"].rpartition("/")[2]
                items.setdefault(zone, {"instances": []})["instances"].append(each)
            return {"items": items, **_next(first, len(found))}
        if zone := re.fullmatch(r"/v2/(projects/lab/locations/[\w-]+)/nodes", path):
            found = [each for each in self.nodes if each["name"].startswith(zone[1] + "/")]
            return {"nodes": found[first : first + _PAGE], **_next(first, len(found))}
        return None


def _next(first: int, count: int) -> dict[str, str]:
    return {"nextPageToken": str(first + _PAGE)} if first + _PAGE < count else {}


@contextlib.contextmanager
def google_api() -> Iterator[GoogleApi]:
    """A server that answers as Google would."""
    api = GoogleApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            api.asked.append(self.path)
            answer = api.answer(asked.path, parse_qs(asked.query))
            body = json.dumps(answer or {"error": {"code": 404, "message": "not found"}}).encode()
            self.send_response(200 if answer is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
