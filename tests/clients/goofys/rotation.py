"""Keys for a running rclone: asked for again at the first request after they expired, as goofys does.

rclone's SDK is told that it runs in a container whose credentials are at an address of this process. It asks there
before every request that it signs with keys about to expire.
"""

import datetime as dt
import http.server
import json
import secrets
import threading


class Rotation:
    """The keys of now."""

    def __init__(self, ask):
        """`ask` is one of credentials.provider."""
        self._ask, self._keys, self._lock = ask, None, threading.Lock()

    def keys(self):
        """Return the keys; raises what the provider does."""
        with self._lock:
            expires = self._keys and self._keys.expires
            if self._keys is None or (expires and expires <= dt.datetime.now(dt.timezone.utc)):
                self._keys = self._ask()
            return self._keys

    def environment(self):
        """Return rclone's environment: the keys themselves, or where it gets them."""
        keys = self.keys()
        if keys.expires is None:
            names = {"AWS_ACCESS_KEY_ID": keys.identity, "AWS_SECRET_ACCESS_KEY": keys.secret}
            return {**names, **({"AWS_SESSION_TOKEN": keys.token} if keys.token else {})}
        token = secrets.token_hex()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _answering(self.keys, token))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_address[1]}/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _answering(ask, token):
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                keys = ask() if secrets.compare_digest(self.headers.get("Authorization", ""), token) else None
            except Exception:  # noqa: BLE001 - rclone gets no keys, whatever the reason
                keys = None
            body = b""
            if keys:
                document = {"AccessKeyId": keys.identity, "SecretAccessKey": keys.secret, "Token": keys.token}
                if keys.expires:
                    document["Expiration"] = keys.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
                body = json.dumps(document).encode()
            self.send_response(200 if keys else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Answer
