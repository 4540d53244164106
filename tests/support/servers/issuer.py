"""A real OpenID Connect issuer on this machine: its documents over HTTP, tokens signed with its own keys."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

AUDIENCE = "penstock"


class Issuer:
    """Serves discovery and keys until it is closed; `visits` and `asked` count how often they were read.

    While `answers` is not set it hangs.
    """

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = self.visits = 0
        self.answers = threading.Event()
        self.answers.set()
        self.names: str | None = None
        self.add_key("one")
        issuer = self

        class Documents(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Documents)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add_key(self, name: str, *, elliptic: bool = False) -> None:
        """Make a signing key."""
        self.keys[name] = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path == "/keys":
            self.asked += 1
            body: dict[str, Any] = {"keys": [self._public(name) for name in self.keys]}
        else:
            self.visits += 1
            self.answers.wait(20)
            body = {"issuer": self.names or self.url, "jwks_uri": f"{self.url}/keys"}
        data = json.dumps(body).encode()
        request.send_response(200)
        request.send_header("content-length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _public(self, name: str) -> dict[str, Any]:
        key = self.keys[name]
        algorithm: Any = jwt.algorithms.RSAAlgorithm if isinstance(key, RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}

    def token(self, key: str = "one", *, signed_as: str | None = None, **claims: Any) -> str:
        """A token for `claims`; None takes a standard claim away."""
        now = int(time.time())
        standard = {"iss": self.url, "aud": AUDIENCE, "sub": "s-1", "iat": now, "exp": now + 300}
        all_claims = {name: value for name, value in (standard | claims).items() if value is not None}
        algorithm = "RS256" if isinstance(self.keys[key], RSAPrivateKey) else "ES256"
        return jwt.encode(all_claims, self.keys[key], algorithm, headers={"kid": signed_as or key})

    def close(self) -> None:
        self.answers.set()
        self.server.shutdown()
        self.server.server_close()
