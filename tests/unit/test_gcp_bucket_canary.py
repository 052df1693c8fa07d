"""The canary on an instance: what it asks metadata server and Cloud Storage, which are servers of this test."""

from __future__ import annotations

import json
import multiprocessing
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible import constants
from ansible.module_utils.testing import patch_module_args
from ansible_collections.px.storage.plugins.action import gcp_bucket_canary as action
from ansible_collections.px.storage.plugins.modules import gcp_bucket_canary as canary
from ansible_collections.px.storage.plugins.plugin_utils import first_host

ACCOUNT = "px-demo@p.iam.gserviceaccount.com"
ALL = {*canary.READING, *canary.WRITING}


class Google:
    """A metadata server and a Cloud Storage: `held` are the permissions by bucket, of those that exist."""

    def __init__(self):
        self.held = {}
        self.identity = True
        self.listing = {}  # bucket -> statuses to come, before what is right
        self.page = b""
        self.asked = []

    def answer(self, path, headers):  # noqa: PLR0911 - a table of answers
        """Return status and body."""
        where, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if where.startswith("/computeMetadata/"):
            assert headers["Metadata-Flavor"] == "Google"
            if not self.identity:
                return 404, b"not found"
            if where.endswith("/email"):
                return 200, ACCOUNT.encode()
            return 200, json.dumps({"access_token": f"t{len(self.asked)}", "expires_in": 3599}).encode()
        assert headers["Authorization"].startswith("Bearer t")
        bucket, _, what = where.removeprefix("/storage/v1/b/").partition("/")
        if self.page:
            return 502, self.page
        if bucket not in self.held:
            return 404, self._error("The specified bucket does not exist.")
        if what == "iam/testPermissions":
            held = [one for one in query["permissions"] if one in self.held[bucket]]
            return 200, json.dumps({"permissions": held} if held else {}).encode()
        assert (what, query["maxResults"]) == ("o", ["1"])
        statuses = self.listing.get(bucket)
        if statuses:
            status = statuses.pop(0)
            return status, self._error(f"no {status}")
        if "storage.objects.list" not in self.held[bucket]:
            return 403, self._error(f"{ACCOUNT} does not have storage.objects.list access")
        return 200, b'{"kind": "storage#objects"}'

    @staticmethod
    def _error(message):
        return json.dumps({"error": {"message": message}}).encode()


@pytest.fixture
def google(monkeypatch):
    google = Google()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            google.asked.append(self.path)
            status, body = google.answer(self.path, self.headers)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(canary, "METADATA", url + "/computeMetadata/v1/instance/service-accounts/default/")
    monkeypatch.setattr(canary, "STORAGE", url + "/storage/v1/b/")
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing is there: neither server is behind a proxy
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(canary.time, "sleep", lambda _: None)
    yield google
    server.shutdown()
    server.server_close()


def run(capsys, *buckets, timeout=5):
    """Run the module as Ansible does, and return its result."""
    arguments = {"buckets": [{"name": one} if isinstance(one, str) else one for one in buckets], "timeout": timeout}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        canary.main()
    return json.loads(capsys.readouterr().out)


def test_all_is_well(google, capsys):
    google.held = {"b": ALL, "r": set(canary.READING)}
    result = run(capsys, "b", {"name": "r", "read_only": True})
    assert (result["account"], result["changed"]) == (ACCOUNT, False)
    assert [(one["bucket"], one["status"], one["missing"], one["message"]) for one in result["answers"]] == [
        ("b", 200, [], ""),
        ("r", 200, [], ""),
    ]


def test_what_is_missing_is_named(google, capsys):
    google.held = {"b": set(canary.READING), "none": set()}
    answers = run(capsys, "b", "none", "not-there", timeout=0)["answers"]
    assert [(one["bucket"], one["status"], one["missing"]) for one in answers] == [
        ("b", 200, [*canary.WRITING]),
        ("none", 403, [*canary.READING, *canary.WRITING]),
        ("not-there", 404, []),
    ]
    assert answers[2]["message"] == "The specified bucket does not exist."


def test_a_right_that_is_on_its_way_is_waited_for_with_a_new_token(google, capsys):
    google.held = {"b": ALL}
    google.listing = {"b": [403, 503, 401]}
    (answer,) = run(capsys, "b")["answers"]
    assert (answer["status"], answer["missing"]) == (200, [])
    assert len([path for path in google.asked if path.endswith("/token")]) == 4


def test_a_bucket_that_is_not_there_is_not_waited_for(google, capsys):
    (answer,) = run(capsys, "not-there", timeout=3600)["answers"]
    assert answer["status"] == 404
    assert len([path for path in google.asked if path.endswith("/token")]) == 1


def test_an_instance_without_a_service_account(google, capsys):
    google.identity = False
    result = run(capsys, "b")
    assert "answers" not in result
    assert "does not know a service account of this instance" in result["failure"]


def test_a_page_that_is_no_json(google, capsys):
    google.held, google.page = {"b": ALL}, b"<html>Bad Gateway"
    (answer,) = run(capsys, "b", timeout=0)["answers"]
    assert (answer["status"], answer["missing"]) == (502, [])


def test_no_way_to_cloud_storage(google, capsys, monkeypatch):
    monkeypatch.setattr(canary, "STORAGE", "http://127.0.0.1:9/storage/v1/b/")
    (answer,) = run(capsys, "b", timeout=0)["answers"]
    assert answer["status"] == 0
    assert "refused" in answer["message"]


def judge(answer, tmp_path, monkeypatch, buckets, mine=True):
    """Return what the action says to the module's answer."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    monkeypatch.setattr(action.ActionBase, "run", lambda *_: {})
    task = SimpleNamespace(args={"buckets": buckets}, async_val=0)
    plugin = action.ActionModule(task, None, None, None, None, None)
    monkeypatch.setattr(plugin, "_execute_module", lambda **_: answer)
    return plugin.run(None, {})


def test_the_judgement(google, capsys, tmp_path, monkeypatch):
    google.held = {"b": set(canary.READING), "r": set()}
    buckets = [{"name": "b"}, {"name": "r", "read_only": True}, {"name": "not-there"}]
    said = judge(run(capsys, *buckets, timeout=0), tmp_path, monkeypatch, buckets)
    assert said["failed"]
    assert said["msg"] == (
        f"{ACCOUNT} may not use gs://b: storage.objects.create, storage.objects.delete is missing; "
        f"{ACCOUNT} may not use gs://r: storage.objects.list, storage.objects.get is missing; "
        f"gs://not-there does not answer {ACCOUNT}: The specified bucket does not exist."
    )
    command = "gcloud storage buckets add-iam-policy-binding gs://{} --member=serviceAccount:" + ACCOUNT + " --role={}"
    assert said["hint"] == (
        f"{command.format('b', 'roles/storage.objectUser')} && {command.format('r', 'roles/storage.objectViewer')}"
    )


def test_a_judgement_of_nothing_to_complain_of(google, capsys, tmp_path, monkeypatch):
    google.held = {"b": ALL}
    answer = run(capsys, "b")
    assert judge(answer, tmp_path, monkeypatch, [{"name": "b"}]) == {
        "changed": False,
        "account": ACCOUNT,
        "tried_here": True,
    }
    # Another host takes it.
    assert judge({"failed": True}, tmp_path, monkeypatch, [{"name": "b"}])["tried_here"] is False


@pytest.mark.parametrize(
    "answer",
    [
        {"unreachable": True, "msg": "gone"},
        {"failed": True, "msg": "no python"},
        {"failure": "no identity", "account": ""},
    ],
)
def test_an_answer_that_says_nothing_of_the_bucket_is_this_hosts_own(answer, google, capsys, tmp_path, monkeypatch):
    said = judge(answer, tmp_path, monkeypatch, [{"name": "b"}])
    assert said.get("unreachable") or said["failed"]
    google.held = {"b": ALL}
    assert judge(run(capsys, "b"), tmp_path, monkeypatch, [{"name": "b"}])["tried_here"] is True


def _try(folder, number, results, begin):
    constants.DEFAULT_LOCAL_TMP = folder
    begin.wait()
    counts = folder + "/runs"

    def work():
        with open(counts, "a", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write("x")
        return {"answers": [number]}

    results.put(first_host.once("x", work))


def test_of_many_processes_one_tries(tmp_path):
    begin, results = multiprocessing.Event(), multiprocessing.Queue()
    every = [multiprocessing.Process(target=_try, args=(str(tmp_path), number, results, begin)) for number in range(6)]
    for one in every:
        one.start()
    begin.set()
    answers = [results.get(timeout=30) for _ in every]
    for one in every:
        one.join()
    assert (tmp_path / "runs").read_text() == "x"
    assert len({str(answer) for answer, _ in answers}) == 1
    assert sorted(mine for _, mine in answers) == [False] * 5 + [True]


def test_one_that_dies_leaves_it_to_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))

    def die():
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        first_host.once("x", die)
    assert first_host.once("x", lambda: {"answers": []}) == ({"answers": []}, True)
