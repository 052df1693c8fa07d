"""Faults: at the call where a test wants them, and what a client sees of them."""

from __future__ import annotations

import time

import pytest
import requests

from emulators.conftest import HOST


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_status_in_place_of_an_answer(echo, session, status):
    echo.faults.add(method="POST", path="^/things$", status=status)
    assert session.get(f"https://{HOST}/things").status_code == 200
    refused = session.post(f"https://{HOST}/things")
    assert (refused.status_code, refused.json()) == (status, {"refused": status})
    assert session.post(f"https://{HOST}/things").status_code == 200  # once, and never again
    assert [one.fault for one in echo.exchanges] == ["", str(status), ""]


def test_the_nth_call_and_so_many_times(echo, session):
    fault = echo.faults.add(path="/things", status=503, nth=2, times=2)
    seen = [session.get(f"https://{HOST}/things").status_code for _ in range(5)]
    assert seen == [200, 503, 503, 200, 200]
    assert (fault.met, fault.done) == (5, 2)


def test_for_ever_until_it_is_cleared(echo, session):
    echo.faults.add(host=HOST, status=503, times=0)
    assert {session.get(f"https://{HOST}/").status_code for _ in range(3)} == {503}
    echo.faults.clear()
    assert session.get(f"https://{HOST}/").status_code == 200


def test_a_cut_in_the_middle_of_the_answer(echo, session):
    echo.faults.add(path="/cut", cut=True)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        session.get(f"https://{HOST}/cut")
    exchange = echo.asked(path="/cut")[0]
    assert (exchange.status, exchange.fault) == (0, "cut")
    assert session.get(f"https://{HOST}/cut").status_code == 200


def test_a_dropped_call_is_not_carried_out(cloud, gate, client):
    gate.faults.add(method="POST", path="/global/networks$", drop=True)
    body = {"name": "n", "autoCreateSubnetworks": False}
    with pytest.raises(requests.exceptions.ConnectionError):
        client("POST", "global/networks", body)
    assert cloud.left() == []


def test_a_cut_call_is_carried_out(cloud, gate, client):
    gate.faults.add(method="POST", path="/global/networks$", cut=True)
    body = {"name": "n", "autoCreateSubnetworks": False}
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        client("POST", "global/networks", body)
    assert cloud.left() == ["projects/px-test/global/networks/n"]


def test_a_delay(echo, session):
    echo.faults.add(path="/slow", delay=0.3)
    began = time.monotonic()
    assert session.get(f"https://{HOST}/slow").status_code == 200
    assert time.monotonic() - began >= 0.3
    with pytest.raises(AssertionError, match="does nothing"):
        echo.faults.add(path="/x")


def test_a_fault_speaks_googles_words(gate, client):
    gate.faults.add(path="/zones$", status=429)
    assert client.refusal("GET", "zones") == (429, "rateLimitExceeded", "Rate Limit Exceeded")
