"""The sample portals and the receiver answer on loopback as the real ones would."""

from __future__ import annotations

from datetime import UTC, datetime

import requests

from nianshen.demo import site
from nianshen.demo.portal import SamplePortal
from nianshen.demo.receiver import Receiver
from notifiers.secret import Secret
from notifiers.sign import sign

SECRET = Secret("whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
OTHER = Secret("whsec_" + "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=")
NOW = datetime(2026, 2, 4, tzinfo=UTC)


def test_a_portal_serves_its_list_robots_and_pages() -> None:
    with SamplePortal(site.city) as portal:
        robots = requests.get(f"{portal.url}/robots.txt", timeout=5)
        listing = requests.get(f"{portal.url}/zwgk/zfxxgknb/", timeout=5)
        nowhere = requests.get(f"{portal.url}/nowhere", timeout=5)

    assert robots.text.startswith("User-agent: *")
    assert 'createPageHTML(3, 0, "index", "html")' in listing.text
    assert "Last-Modified" in listing.headers
    assert nowhere.status_code == 404
    assert [hit.status for hit in portal.hits] == [200, 200, 404]


def test_a_page_that_did_not_change_is_not_sent_again() -> None:
    with SamplePortal(site.city) as portal:
        first = requests.get(f"{portal.url}/zwgk/zfxxgknb/", timeout=5)
        etag = first.headers["ETag"]
        again = requests.get(f"{portal.url}/zwgk/zfxxgknb/", headers={"If-None-Match": etag}, timeout=5)

    assert (again.status_code, again.content) == (304, b"")


def test_the_old_portal_names_a_character_set_its_pages_are_not_written_in() -> None:
    with SamplePortal(site.county) as portal:
        page = requests.get(f"{portal.url}/gk/list.html", timeout=5)

    assert page.encoding == "ISO-8859-1"
    assert "样例县财政局" in page.content.decode("gb18030")


def test_a_portal_that_is_down_still_answers_for_robots() -> None:
    with SamplePortal(site.county) as portal:
        portal.down = True
        page = requests.get(f"{portal.url}/gk/list.html", timeout=5)
        robots = requests.get(f"{portal.url}/robots.txt", timeout=5)

    assert (page.status_code, robots.status_code) == (503, 200)


def test_the_receiver_keeps_a_signed_message_and_refuses_a_forged_one() -> None:
    body = b'{"type": "audit.alert.opened", "data": {"alerts": [{"rule": "A003"}]}}'
    with Receiver(SECRET, lambda: NOW) as receiver:
        good = requests.post(receiver.url, data=body, headers=sign("msg_1", NOW, body, [SECRET]), timeout=5)
        forged = requests.post(receiver.url, data=body, headers=sign("msg_2", NOW, body, [OTHER]), timeout=5)

    assert (good.status_code, forged.status_code) == (204, 401)
    assert [(message.message_id, message.problem) for message in receiver.messages] == [
        ("msg_1", None),
        ("msg_2", "no_match"),
    ]
    assert receiver.valid[0].alerts == [{"rule": "A003"}]
