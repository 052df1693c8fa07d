"""The program aws-credentials, as it is written to a host, against a metadata service that wants tokens."""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
import sys
import threading
import time
import zipfile

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse import aws_credentials

ROLE = "/latest/meta-data/iam/security-credentials/"


def stamp(seconds):
    """Return a time `seconds` from now as the metadata service writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def ahead(document):
    """Return in how many seconds the credentials expire."""
    ends = time.strptime(document["Expiration"], "%Y-%m-%dT%H:%M:%SZ")
    return time.mktime(ends) - time.timezone - time.time()


class Metadata(http.server.ThreadingHTTPServer):
    """IMDSv2: nothing without a token, and a token is got with PUT."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.role = "my-role"
        self.keys = {}
        self.asked = []
        self.failures = []
        self.give("AKIA1", 6 * 3600)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def give(self, access_key, seconds, **more):
        self.keys = {
            "Code": "Success",
            "LastUpdated": stamp(0),
            "Type": "AWS-HMAC",
            "AccessKeyId": access_key,
            "SecretAccessKey": "s3cr3t",
            "Token": "t0ken",
            "Expiration": stamp(seconds),
            **more,
        }


class Answer(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.server.asked.append("PUT " + self.path)
        if self.server.failures:
            return self.say(self.server.failures.pop(0), "")
        if self.path != "/latest/api/token" or not self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            return self.say(400, "")
        return self.say(200, "the-token")

    def do_GET(self):
        self.server.asked.append("GET " + self.path)
        if self.headers.get("X-aws-ec2-metadata-token") != "the-token":
            return self.say(401, "")
        if self.path == ROLE and self.server.role:
            return self.say(200, self.server.role)
        if self.server.role and self.path == ROLE + self.server.role:
            return self.say(200, json.dumps(self.server.keys))
        return self.say(404, "")

    def say(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def metadata():
    server = Metadata()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def program(tmp_path):
    file = tmp_path / aws_credentials.NAME
    file.write_text(aws_credentials.text(sys.executable))
    file.chmod(0o755)

    def run(**environment):
        began = time.monotonic()
        # As the SDK does it.
        done = subprocess.run(
            ["sh", "-c", str(file)], env=environment, cwd="/", capture_output=True, text=True, timeout=50, check=False
        )
        done.seconds = time.monotonic() - began
        return done

    return run


def test_the_role_of_the_instance(program, metadata):
    done = program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert (document["Version"], document["AccessKeyId"]) == (1, "AKIA1")
    assert (document["SecretAccessKey"], document["SessionToken"]) == ("s3cr3t", "t0ken")
    assert ahead(document) == pytest.approx(6 * 3600 - 300, abs=5)
    assert metadata.asked == ["PUT /latest/api/token", "GET " + ROLE, "GET " + ROLE + "my-role"]


def test_credentials_that_have_changed_are_the_new_ones(program, metadata):
    program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url + "/")
    metadata.give("AKIA2", 3600)
    document = json.loads(program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url + "/").stdout)
    assert document["AccessKeyId"] == "AKIA2"


@pytest.mark.parametrize(("left", "said"), [(310, 60), (200, 60), (30, 30), (-60, -60)])
def test_credentials_about_to_end_are_not_asked_for_at_every_request(program, metadata, left, said):
    metadata.give("AKIA1", left)
    document = json.loads(program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url).stdout)
    assert ahead(document) == pytest.approx(said, abs=5)


def test_the_proxy_is_not_asked(program, metadata):
    nowhere = "http://127.0.0.1:9"
    done = program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url, http_proxy=nowhere, HTTP_PROXY=nowhere)
    assert done.returncode == 0


def test_a_busy_metadata_service_is_asked_again(program, metadata):
    metadata.failures = [503, 500]
    assert program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url).returncode == 0
    metadata.failures = [503, 503, 503]
    done = program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "aws-credentials: the metadata service answers 503 to /latest/api/token\n"


def test_no_fall_back_to_the_first_version(program, metadata):
    metadata.failures = [403]
    done = program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "aws-credentials: the metadata service answers 403 to /latest/api/token\n"
    assert metadata.asked == ["PUT /latest/api/token"]


def test_an_instance_without_a_role(program, metadata):
    metadata.role = ""
    done = program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "aws-credentials: this host has no instance profile\n"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"Code": "Failed"}, "has no credentials of role my-role"),
        ({"SecretAccessKey": ""}, "has no credentials of role my-role"),
        ({"Expiration": "tomorrow"}, "says nothing useful of role my-role"),
        ({"Expiration": None}, "says nothing useful of role my-role"),
        ({"Token": "x" * 8192}, "longer than the 8192 bytes"),
    ],
)
def test_what_cannot_be_used_is_no_document(program, metadata, broken, said):
    metadata.give("AKIA1", 3600, **broken)
    done = program(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "s3cr3t" not in done.stderr
    assert "Traceback" not in done.stderr


def test_nobody_there(program):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        done = program(AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{held.getsockname()[1]}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "does not answer: [Errno 111] Connection refused" in done.stderr


def test_somebody_who_never_answers(program):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        done = program(AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{deaf.getsockname()[1]}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("aws-credentials: the metadata service ")
    # The SDK gives up after a minute.
    assert done.seconds < 12


def test_keys_in_a_file(program, tmp_path):
    file = tmp_path / "keys.json"
    file.write_text('{"AccessKeyId": "AKIA3", "SecretAccessKey": "s3cr3t"}')
    first = json.loads(program(PX_AWS_CREDENTIALS=str(file)).stdout)
    assert (first["Version"], first["AccessKeyId"], first["SecretAccessKey"]) == (1, "AKIA3", "s3cr3t")
    assert "SessionToken" not in first
    # A few minutes, so that a running client asks again and gets new keys.
    assert ahead(first) == pytest.approx(300, abs=5)
    file.write_text('{"AccessKeyId": "AKIA4", "SecretAccessKey": "n3w", "SessionToken": "t"}')
    second = json.loads(program(PX_AWS_CREDENTIALS=str(file)).stdout)
    assert (second["AccessKeyId"], second["SessionToken"]) == ("AKIA4", "t")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "keys.json: No such file or directory"),
        ("{", "keys.json is not JSON"),
        ("[]", "holds no AccessKeyId"),
        ('{"AccessKeyId": "AKIA", "s": "s3cr3t"}', "holds no AccessKeyId and SecretAccessKey"),
    ],
)
def test_a_file_that_cannot_be_used(program, metadata, tmp_path, text, said):
    file = tmp_path / "keys.json"
    if text is not None:
        file.write_text(text)
    done = program(PX_AWS_CREDENTIALS=str(file), AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "s3cr3t" not in done.stderr
    # Never the instance's role in place of what was asked for.
    assert metadata.asked == []


def test_its_text_is_at_hand_where_ansible_runs_modules_from_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "module.zip", "w") as archive:
        archive.write(aws_credentials.__file__, "inside/aws_credentials.py")
        archive.writestr("inside/__init__.py", "")
    code = "import sys; sys.path.insert(0, sys.argv[1]); from inside import aws_credentials as a; print(a.text('/p'))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "module.zip")], capture_output=True, text=True, check=True
    )
    assert done.stdout == aws_credentials.text("/p") + "\n"
    assert done.stdout.startswith("#!/p -IS\n")


def test_the_host_s_own_python_runs_it():
    done = subprocess.run(
        ["/usr/bin/python3", "-IS", "-"],
        input=aws_credentials.text(),
        env={"PX_AWS_CREDENTIALS": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "aws-credentials: /nowhere: No such file or directory\n")
