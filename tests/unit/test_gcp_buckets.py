"""The policy of a bucket: what is ours changes, and nothing else ever does."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.px.storage.plugins.module_utils.gcp import buckets
from ansible_collections.px.storage.plugins.module_utils.gcp.buckets import READ, WRITE
from hypothesis import given
from hypothesis import strategies as st

ME = "serviceAccount:px-demo@p.iam.gserviceaccount.com"
CONDITION = {"title": "until", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}
MEMBERS = (ME, "user:a@example.com", f"deleted:{ME}?uid=1", "allUsers")
ROLES = (READ, WRITE, "roles/storage.admin")

bindings = st.fixed_dictionaries(
    {"role": st.sampled_from(ROLES), "members": st.lists(st.sampled_from(MEMBERS), min_size=1, unique=True)},
    optional={"condition": st.just(CONDITION)},
)
policies = st.fixed_dictionaries(
    {"etag": st.just("CAE="), "version": st.just(3)}, optional={"bindings": st.lists(bindings)}
)


def rights(policy):
    """Return (role, member, whether with a condition) of all that a policy grants."""
    return {
        (one["role"], member, "condition" in one) for one in policy.get("bindings") or [] for member in one["members"]
    }


def mine(right):
    role, member, conditional = right
    return member == ME and role in buckets.ROLES and not conditional


@given(policies, st.sets(st.sampled_from(buckets.ROLES)))
def test_ours_become_what_is_wanted_and_others_stay(policy, wanted):
    before = rights(policy)
    rest = {key: value for key, value in policy.items() if key != "bindings"}
    changed = buckets._change(policy, ME, wanted)
    after = rights(policy)
    assert {role for role, *_ in filter(mine, after)} == wanted
    assert {one for one in after if not mine(one)} == {one for one in before if not mine(one)}
    assert changed == (after != before)
    assert {key: value for key, value in policy.items() if key != "bindings"} == rest
    assert all(one["members"] for one in policy["bindings"])
    assert [buckets.grants(policy, role, ME) for role in buckets.ROLES] == [role in wanted for role in buckets.ROLES]

    again = copy.deepcopy(policy)
    assert not buckets._change(again, ME, wanted)
    assert again == policy


def test_reading_takes_less_than_writing():
    assert buckets.role_for({"name": "b"}) == WRITE
    assert buckets.role_for({"name": "b", "read_only": False}) == WRITE
    assert buckets.role_for({"name": "b", "read_only": True}) == READ


def test_a_condition_is_somebody_elses():
    policy = {"bindings": [{"role": WRITE, "members": [ME], "condition": CONDITION}]}
    assert not buckets.grants(policy, WRITE, ME)
    assert buckets._change(policy, ME, [WRITE])
    assert policy["bindings"] == [
        {"role": WRITE, "members": [ME], "condition": CONDITION},
        {"role": WRITE, "members": [ME]},
    ]
    assert buckets._change(policy, ME, [])
    assert policy["bindings"] == [{"role": WRITE, "members": [ME], "condition": CONDITION}]


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_the_command_is_for_a_shell(verb):
    assert buckets.command("b", ME, READ, verb) == (
        f"gcloud storage buckets {verb}-iam-policy-binding gs://b --member={ME} --role=roles/storage.objectViewer"
    )
