"""The gate: whom it plays, whom it refuses, what it keeps, how it ends."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import requests

from emulators.conftest import HOST, Echo
from emulators.gate import Gate


def tunnel(gate, host=HOST):
    """Return a TLS connection to a host through the gate, by hand."""
    plain = socket.create_connection(("127.0.0.1", gate.port), timeout=10)
    plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += plain.recv(1)
    assert b" 200 " in head
    context = ssl.create_default_context(cafile=str(gate.authority.file))
    return context.wrap_socket(plain, server_hostname=host)


def read_answer(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    length = int(
        next(line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    )
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return int(head.split()[1]), body


def test_every_request_is_kept_with_its_answer(echo, session):
    session.post(f"https://{HOST}/things?size=3&name=a%20b", json={"one": 1})
    exchange = echo.exchanges[0]
    assert (exchange.method, exchange.host, exchange.path) == ("POST", HOST, "/things")
    assert (exchange.query, exchange.data, exchange.status) == ({"size": "3", "name": "a b"}, {"one": 1}, 200)
    assert exchange.seconds > 0


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_host_that_nobody_plays_is_refused_and_kept(echo, session, scheme):
    if scheme == "https":
        with pytest.raises(requests.exceptions.ProxyError, match="403"):
            session.get("https://other.example.com/secret")
    else:
        assert session.get("http://other.example.com/secret").status_code == 403
    assert echo.refused == ["other.example.com"]
    assert echo.exchanges[0].status == 403


@pytest.mark.parametrize("port", [80, 8443])
def test_another_port_of_a_known_host_is_refused(echo, port):
    with socket.create_connection(("127.0.0.1", echo.port), timeout=10) as plain:
        plain.sendall(f"CONNECT {HOST}:{port} HTTP/1.1\r\n\r\n".encode())
        assert plain.recv(100).startswith(b"HTTP/1.1 403 ")


def test_keep_alive_one_connection_for_many_requests(echo):
    with tunnel(echo) as connection:
        for number in range(5):
            connection.sendall(f"GET /{number} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            status, body = read_answer(connection)
            assert (status, json.loads(body)["path"]) == (200, f"/{number}")


def test_a_body_is_never_taken_for_the_next_request(echo):
    with tunnel(echo) as connection:
        body = "GET /smuggled HTTP/1.1\r\n\r\n"
        first = f"POST /one HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        chunked = f"POST /two HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunked += "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        connection.sendall((first + chunked + f"GET /three HTTP/1.1\r\nHost: {HOST}\r\n\r\n").encode())
        answers = [json.loads(read_answer(connection)[1]) for _ in range(3)]
    assert [one["path"] for one in answers] == ["/one", "/two", "/three"]
    assert answers[0]["body"] == body
    assert answers[1]["body"] == "abcde"


def test_an_answer_without_body_keeps_the_connection(session):
    assert session.get(f"https://{HOST}/nothing").status_code == 204
    assert session.head(f"https://{HOST}/head").content == b""
    assert session.get(f"https://{HOST}/after").json()["path"] == "/after"


def test_the_certificate_is_the_gates_own(echo, tmp_path):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://{HOST}/", proxies={"https": echo.url}, timeout=10)
    with Gate({HOST: Echo()}) as other:
        assert other.authority.file.read_bytes() != echo.authority.file.read_bytes()


def test_many_clients_at_once(echo):
    def ask():
        with requests.Session() as mine:
            mine.trust_env = False
            mine.proxies, mine.verify = {"https": echo.url}, str(echo.authority.file)
            for _ in range(5):
                assert mine.get(f"https://{HOST}/").status_code == 200

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(echo.asked(path="/")) == 100
    assert echo.broken == []


def test_a_client_that_is_killed_before_its_handshake_is_no_error_of_the_gate(tmp_path):
    """It goes while the gate makes the host's certificate."""
    for number in range(5):
        (folder := tmp_path / str(number)).mkdir()
        with Gate({HOST: Echo()}, folder=folder) as gate, socket.create_connection(("127.0.0.1", gate.port)) as client:
            client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert gate.broken == []


def test_it_ends_at_once_while_connections_are_open(tmp_path):
    with Gate({HOST: Echo()}, folder=tmp_path) as gate:
        idle, plain = tunnel(gate), socket.create_connection(("127.0.0.1", gate.port))
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert idle.recv(1) == b""
    assert not [one for one in threading.enumerate() if "process_request" in one.name]
    plain.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gate.port))


def test_a_port_that_is_taken_is_not_shared():
    with Gate({}) as gate, pytest.raises(OSError, match="in use"):
        Gate({}, port=gate.port)


def test_a_mistake_of_the_emulator_is_seen(echo, session):
    assert session.get(f"https://{HOST}/mistake").status_code == 500
    assert "the emulator's own mistake" in echo.broken[0]


@pytest.mark.parametrize("client", ["requests", "urllib", "curl"])
def test_its_environment_is_enough_for_a_client(echo, client):
    url = f"https://{HOST}/who"
    programs = {
        "requests": [sys.executable, "-c", f"import requests; print(requests.get({url!r}).text)"],
        "urllib": [sys.executable, "-c", f"import urllib.request as r; print(r.urlopen({url!r}).read().decode())"],
        "curl": ["curl", "--silent", "--show-error", url],
    }
    environment = echo.process_environment()
    done = subprocess.run(programs[client], env=environment, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["path"] == "/who", done.stderr


def test_as_a_program_it_says_where_it_is_and_obeys(tmp_path):
    top = Path(__file__).parents[1]
    command = [sys.executable, "-m", "emulators.gate", "gce", "--folder", str(tmp_path), "--seconds", "0"]
    process = subprocess.Popen(command, cwd=top, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        said = json.loads(process.stdout.readline())

        def ask(path, data=None):
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            body = None if data is None else json.dumps(data).encode()
            with direct.open(
                urllib.request.Request(  # noqa: S310
                    f"{said['url']}/{path}", data=body
                ),
                timeout=10,
            ) as answer:
                return answer.read().decode()

        assert ask("nonce") == said["nonce"]
        assert Path(said["environment"]["GOOGLE_APPLICATION_CREDENTIALS"]).stat().st_mode & 0o777 == 0o600
        assert json.loads(ask("left", {})) == []
        ask("faults", {"path": "/token", "status": 503})
        token = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
        fetch = [sys.executable, "-c", f"import requests; print(requests.post({token!r}).status_code)"]
        environment = {"PATH": "/usr/bin:/bin", **said["environment"]}
        assert subprocess.run(fetch, env=environment, capture_output=True, text=True, check=True).stdout == "503\n"
        assert [one["status"] for one in json.loads(ask("exchanges"))] == [503]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask("nonsense", {})
        process.stdin.close()  # it ends with who has started it
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
