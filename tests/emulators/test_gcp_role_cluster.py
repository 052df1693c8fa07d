"""The role's entry point `cluster`: what the hosts share comes, stays and goes, and nothing of anybody else's does."""

from __future__ import annotations

import pytest

from emulators.conftest import ZONE, instance
from emulators.gce import PROJECT
from emulators.gcp_role import ADDRESS_HOST, BUCKET, HERE, meanwhile

ACCOUNT = "px-demo-89e495@px-test.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{ACCOUNT}"
OTHER = "serviceAccount:controller@px-test.iam.gserviceaccount.com"
USER, VIEWER = "roles/storage.objectUser", "roles/storage.objectViewer"
BINDING = f"buckets/{BUCKET}: {USER} {MEMBER}"
NETWORK = [f"projects/{PROJECT}/{path}" for path in ("global/firewalls/px-demo-ssh", "global/networks/px-demo")]
SUBNETWORK = f"projects/{PROJECT}/regions/us-central1/subnetworks/px-demo"
ALL = sorted([BINDING, *NETWORK, f"projects/{PROJECT}/serviceAccounts/{ACCOUNT}", SUBNETWORK])
# What does no more than it has to: an account and buckets, no network.
GIVEN = {"provider_gcp_network": "default", "provider_gcp_ssh_allow": ["192.0.2.0/24"]}


def writes(gate, before=0):
    return [str(one) for one in gate.exchanges[before:] if one.method != "GET" and one.host != "oauth2.googleapis.com"]


@pytest.mark.slow
def test_it_comes_stays_changes_and_goes(role, cloud, gate, client):
    first = role.cluster()
    assert first.ok, first.output
    assert cloud.left() == ALL
    network = client.get("global/networks/px-demo")
    assert network["description"] == "px-ansible cluster demo"
    assert network["autoCreateSubnetworks"] is False
    assert client.get("regions/us-central1/subnetworks/px-demo")["ipCidrRange"] == "10.117.0.0/20"
    rule = client.get("global/firewalls/px-demo-ssh")
    assert (rule["sourceRanges"], rule["targetTags"]) == ([f"{HERE}/32"], ["px-demo"])
    assert [(one["IPProtocol"], one["ports"]) for one in rule["allowed"]] == [("tcp", ["22"])]

    before = len(gate.exchanges)
    again = role.cluster()
    assert (again.ok, again.changed) == (True, 0), again.output
    assert writes(gate, before) == []

    # Another place to come from; one bucket more, which is only read, and the other one no more.
    cloud.add_bucket("more").policy.bindings.clear()
    more = {
        "provider_gcp_ssh_allow": ["192.0.2.0/24", "198.51.100.7/32"],
        "provider_gcp_buckets": [{"name": "more", "read_only": True}],
    }
    changed = role.cluster(**more, provider_gcp_former_buckets=[{"name": BUCKET}])
    assert changed.ok, changed.output
    rule = client.get("global/firewalls/px-demo-ssh")
    assert sorted(rule["sourceRanges"]) == ["192.0.2.0/24", "198.51.100.7/32"]
    assert rule["targetTags"] == ["px-demo"]
    assert [one for one in cloud.left() if one.startswith("buckets/")] == [f"buckets/more: {VIEWER} {MEMBER}"]
    assert changed.changed == 3

    gone = role.cluster(px_state="absent", provider_gcp_buckets=more["provider_gcp_buckets"])
    assert gone.ok, gone.output
    assert cloud.left() == []
    before = len(gate.exchanges)
    gone = role.cluster(px_state="absent")
    assert (gone.ok, gone.changed) == (True, 0)
    assert writes(gate, before) == []


@pytest.mark.slow
def test_the_network_of_another_region_goes_too(role, cloud):
    role.cluster(provider_gcp_region="europe-west4")
    gone = role.cluster(px_state="absent")
    assert gone.ok, gone.output
    assert cloud.left() == []


@pytest.mark.parametrize("text", ["<html>log in to the hotel</html>", "0.0.0.0/0", "fault"])
def test_an_unknown_address_opens_nothing(role, cloud, gate, text):
    if text == "fault":
        gate.faults.add(host=ADDRESS_HOST, status=503, times=0)
    gate.hosts[ADDRESS_HOST].text = text
    said = role.cluster().said()
    assert "did not say which address this computer has" in said
    assert "| write below 'cluster' in px.yaml: ssh: {allow: [YOUR.PUBLIC.ADDRESS/32]}" in said
    assert cloud.left() == []


def test_the_whole_internet_may_be_let_in_by_who_says_so(role, cloud, client):
    """The address is not asked for then."""
    role.cluster(**{**GIVEN, "provider_gcp_ssh_allow": ["0.0.0.0/0"]})
    assert client.get("global/firewalls/px-demo-ssh")["sourceRanges"] == ["0.0.0.0/0"]
    assert role.gate.asked(host=ADDRESS_HOST) == []


def test_what_somebody_else_has_made_is_neither_taken_nor_removed(role, cloud, client):
    client.made("global/networks", {"name": "px-demo", "autoCreateSubnetworks": True})
    allowed = [{"IPProtocol": "tcp", "ports": ["443"]}]
    client.made("global/firewalls", {"name": "px-demo-ssh", "network": "global/networks/px-demo", "allowed": allowed})
    body = {"accountId": ACCOUNT.partition("@")[0], "serviceAccount": {"displayName": "mine"}}
    assert client("POST", f"https://iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts", body)[0] == 200
    before, calls = cloud.left(), len(role.gate.exchanges)
    made = role.cluster()
    assert f"is not of this cluster: network px-demo, rule px-demo-ssh, identity {ACCOUNT}" in made.said()
    assert "give the cluster another name" in made.said()
    gone = role.cluster(px_state="absent")
    assert (gone.ok, gone.changed) == (True, 0), gone.output
    assert cloud.left() == before
    assert writes(role.gate, calls) == []


def test_conditions_and_other_members_stay(role, cloud):
    policy = cloud.buckets[BUCKET].policy
    condition = {"title": "for a while", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}
    policy.bindings += [
        {"role": USER, "members": [OTHER], "condition": condition},
        {"role": USER, "members": [OTHER]},
        {"role": VIEWER, "members": ["allUsers"]},
    ]
    policy.version = 3
    before = [dict(one, members=list(one["members"])) for one in policy.bindings]
    assert role.cluster(**GIVEN).ok
    assert sorted(policy.of(USER)) == sorted([OTHER, MEMBER])
    assert [one for one in policy.bindings if "condition" in one] == [before[2]]
    assert role.cluster(**GIVEN, px_state="absent").ok
    assert [{**one, "members": sorted(one["members"])} for one in policy.bindings] == [
        {**one, "members": sorted(one["members"])} for one in before
    ]


def test_a_policy_that_somebody_else_writes_meanwhile_is_read_again(role, cloud, gate):
    """Between every read of ours and the write after it, three times, somebody grants somebody else a right."""
    slow = gate.faults.add(method="PUT", path=f"/b/{BUCKET}/iam", delay=0.3, times=3)
    seen = []

    def grant():
        if len(seen) < slow.met <= 3:
            seen.append(slow.met)
            with cloud.world.lock:
                cloud.buckets[BUCKET].policy.bindings.append({"role": VIEWER, "members": [OTHER]})
                cloud.buckets[BUCKET].policy.count += 1

    with meanwhile(grant):
        play = role.cluster(**GIVEN)
    assert play.ok, play.output
    assert [one.status for one in gate.asked("PUT", "/iam")] == [412, 412, 412, 200]
    policy = cloud.buckets[BUCKET].policy
    assert policy.of(USER) == [MEMBER]
    assert OTHER in policy.of(VIEWER)


def test_a_fresh_account_is_waited_for(role, cloud, gate):
    """Cloud Storage does not know it for some seconds."""
    cloud.accounts.lag = 3600.0

    def known():
        if 400 in [one.status for one in gate.asked("PUT", "/iam")]:
            cloud.accounts.lag = 0.0

    with meanwhile(known):
        play = role.cluster(**GIVEN)
    assert play.ok, play.output
    assert [one.status for one in gate.asked("PUT", "/iam")] == [400, 200]
    assert BINDING in cloud.left()


def test_who_may_not_grant_gets_the_command(role, cloud):
    cloud.controller.denied.add("storage.buckets.setIamPolicy")
    command = f"gcloud storage buckets add-iam-policy-binding gs://{BUCKET} --member={MEMBER} --role={USER}"
    play = role.cluster(**GIVEN)
    assert play.said().startswith(
        f"Give it a right on the buckets: you may not grant {MEMBER} a right on gs://{BUCKET}"
    )
    assert play.said().endswith(f"| {command}")
    # Somebody who may has run it: it goes on.
    cloud.buckets[BUCKET].policy.bindings.append({"role": USER, "members": [MEMBER]})
    assert role.cluster(**GIVEN).ok
    gone = role.cluster(**GIVEN, px_state="absent")
    away = command.replace("add-iam", "remove-iam")
    assert gone.said().endswith(f"| {away.replace(USER, VIEWER)} && {away}")


def test_a_policy_that_is_hidden_is_left_to_the_hosts(role, cloud):
    cloud.controller.denied.add("storage.buckets.getIamPolicy")
    play = role.cluster(**GIVEN)
    assert play.ok, play.output
    (access,) = play.of("gcp_bucket_access")
    command = f"gcloud storage buckets add-iam-policy-binding gs://{BUCKET} --member={MEMBER} --role={USER}"
    assert access["notes"] == [f"the policy of gs://{BUCKET} is hidden from you. If the hosts get no access: {command}"]
    assert role.cluster(**GIVEN, px_state="absent").ok


def test_a_bucket_that_is_not_there(role, cloud):
    play = role.cluster(**GIVEN, provider_gcp_buckets=[{"name": BUCKET}, {"name": "not-there"}])
    assert (
        "there is no bucket gs://not-there | gcloud storage buckets create gs://not-there --project=px-test"
        in play.said()
    )
    # One that went with its rights is none to be removed from.
    assert role.cluster(**GIVEN, px_state="absent", provider_gcp_former_buckets=[{"name": "not-there"}]).ok
    assert cloud.left() == []


def test_an_account_of_the_users_is_left_alone(role, cloud, gate):
    mine = cloud.project.compute_account
    assert role.cluster(**GIVEN, provider_gcp_service_account=mine).ok
    assert role.cluster(**GIVEN, provider_gcp_service_account=mine, px_state="absent").ok
    assert [one for one in gate.asked(host="iam.googleapis.com") if one.method != "GET"] == []
    assert gate.asked(host="storage.googleapis.com") == []
    assert cloud.left() == []


def test_what_is_not_the_clusters_need_not_be_looked_at(role, cloud):
    """Where network and account are the user's, nobody needs a right to see what the cluster would have of its own."""
    cloud.controller.denied.update(["compute.networks.get", "iam.serviceAccounts.get"])
    given = {**GIVEN, "provider_gcp_service_account": cloud.project.compute_account}
    for state in ("present", "absent"):
        play = role.cluster(**given, px_state=state)
        assert play.ok, play.output
    assert cloud.left() == []


@pytest.mark.slow
def test_it_moves_into_a_network_of_the_users_and_gets_another_account(role, cloud, client):
    assert role.cluster().ok
    given = {**GIVEN, "provider_gcp_service_account": cloud.project.compute_account}
    moved = role.cluster(**given)
    assert moved.ok, moved.output
    rule = client.get("global/firewalls/px-demo-ssh")
    assert (rule["network"].rpartition("/")[2], rule["sourceRanges"]) == ("default", ["192.0.2.0/24"])
    again = role.cluster(**given)
    assert (again.ok, again.changed) == (True, 0), again.output
    # What it had of its own is there until it goes.
    assert cloud.left() == ALL
    client.done("DELETE", "global/firewalls/px-demo-ssh")
    things = role.play("list", **given).returned["px_shared"]
    assert {one["name"]: one["state"] for one in things} == {
        "network px-demo": "running",
        "network rule px-demo-ssh": "incomplete",
        f"identity {ACCOUNT}": "running",
    }
    assert role.cluster(**given, px_state="absent").ok
    assert cloud.left() == []


def test_a_network_that_is_in_use_says_by_whom(role, cloud, client):
    role.cluster()
    on = {"subnetwork": "regions/us-central1/subnetworks/px-demo"}
    client.made(f"zones/{ZONE}/instances", instance("mine", networkInterfaces=[on]))
    said = role.cluster(px_state="absent").said()
    assert said.startswith("Remove the subnetworks: ")
    assert "is already being used by" in said
    assert "instances/mine" in said
    client.done("DELETE", f"zones/{ZONE}/instances/mine")
    assert role.cluster(px_state="absent").ok
    assert cloud.left() == []


# Calls of the way there and of the way back: host, method, path.
KINDS = ("networks", "subnetworks", "firewalls")
CALLS = [
    *(("compute", method, f"/{kind}/px-demo") for kind in KINDS for method in ("GET", "DELETE")),
    *(("compute", "POST", f"/{kind}$") for kind in KINDS),
    *(("iam", method, "/serviceAccounts") for method in ("GET", "POST", "DELETE")),
    *(("storage", method, "/iam$") for method in ("GET", "PUT")),
]
OPERATIONS = ("compute", "GET", "/operations/")
REFUSED, BUSY, CUT, DROP = {"status": 503}, {"status": 429}, {"cut": True}, {"drop": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ways", "of_operations"),
    [
        ((REFUSED, DROP), (REFUSED, DROP, BUSY, CUT)),
        # An operation whose name got lost with the answer is asked for by nobody.
        ((BUSY, CUT), ()),
    ],
    ids=["refused, dropped", "busy, cut"],
)
def test_what_passes_is_tried_again(role, cloud, gate, ways, of_operations):
    """The first call of each fails one way, and the second another way."""
    cases = [(call, nth, how) for call in CALLS for nth, how in enumerate(ways, 1)]
    cases += [(OPERATIONS, nth, how) for nth, how in enumerate(of_operations, 1)]
    faults = [
        gate.faults.add(host=host, method=method, path=path, nth=nth, **how) for (host, method, path), nth, how in cases
    ]
    made = role.cluster()
    assert made.ok, made.output[-3000:]
    assert cloud.left() == ALL
    gone = role.cluster(px_state="absent")
    assert gone.ok, gone.output[-3000:]
    assert cloud.left() == []
    assert [fault for fault in faults if fault.done != 1] == []


def test_operations_that_fail_in_the_end(role, cloud):
    cloud.fail("insert", "networks/px-demo", code="INTERNAL_ERROR", message="Internal error. Please try again.")
    cloud.fail(
        "insert",
        "subnetworks/px-demo",
        code="QUOTA_EXCEEDED",
        message="Quota 'SUBNETWORKS' exceeded.  Limit: 0.0 globally.",
        status=403,
    )
    said = role.cluster().said()
    assert said.startswith("Make the subnetwork: Quota 'SUBNETWORKS' exceeded.")
    assert "ask for more at console.cloud.google.com/iam-admin/quotas (SUBNETWORKS)" in said
    assert role.cluster(px_state="absent").ok
    assert cloud.left() == []


def test_a_permission_is_missing(role, cloud):
    cloud.controller.denied.add("compute.firewalls.create")
    said = role.cluster().said()
    assert said.startswith("Let SSH in: Required 'compute.firewalls.create' permission")
    assert "| compute.firewalls.create is missing; " in said
