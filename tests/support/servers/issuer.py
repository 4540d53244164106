"""A real OpenID Connect issuer on this machine: its documents over HTTP, tokens signed with its own keys."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

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
        self.codes: dict[str, tuple[dict[str, str], str]] = {}
        self.exchanged: list[str] = []
        self.add_key("one")
        issuer = self

        class Documents(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.answer(self)

            def do_POST(self) -> None:
                issuer.exchange(self)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Documents)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add_key(self, name: str, *, elliptic: bool = False) -> None:
        """Make a signing key."""
        self.keys[name] = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path.startswith("/authorize?"):  # the page where somebody signs in: grace, at once
            asked = dict(parse_qsl(urlsplit(request.path).query))
            back = self.sign_in(request.path, preferred_username="grace")
            request.send_response(302)
            request.send_header("location", f"{asked['redirect_uri']}?{urlencode(back)}")
            request.end_headers()
            return
        if request.path == "/keys":
            self.asked += 1
            body: dict[str, Any] = {"keys": [self._public(name) for name in self.keys]}
        else:
            self.visits += 1
            self.answers.wait(20)
            own = {"jwks_uri": "keys", "authorization_endpoint": "authorize", "token_endpoint": "token"}
            body = {"issuer": self.names or self.url, **{name: f"{self.url}/{path}" for name, path in own.items()}}
        self._send(request, 200, body)

    def sign_in(self, authorization_url: str, **claims: Any) -> dict[str, str]:
        """What a browser that signed in at `authorization_url` is sent back with."""
        asked = dict(parse_qsl(urlsplit(authorization_url).query))
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        own = {"aud": asked["client_id"], "nonce": asked["nonce"]}
        self.codes[code] = (asked, self.token(**{**own, **claims}))
        return {"code": code, "state": asked["state"], "iss": self.url}

    def exchange(self, request: BaseHTTPRequestHandler) -> None:
        """A token for a code, once, and only for who knows what its challenge was made of."""
        form = dict(parse_qsl(request.rfile.read(int(request.headers["content-length"])).decode()))
        self.exchanged.append(request.headers.get("authorization", ""))
        asked, token = self.codes.pop(form["code"], ({}, ""))
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        is_right = base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked.get("code_challenge")
        is_right = is_right and all(form[name] == asked[name] for name in ("client_id", "redirect_uri"))
        self._send(request, *((200, {"id_token": token}) if is_right else (400, {"error": "invalid_grant"})))

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        request.send_response(status)
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
