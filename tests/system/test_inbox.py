"""Specification of `worker.inbox`, on a real channel."""

from __future__ import annotations

import pytest

from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system.endpoint import Endpoint, channel
from pytest_bulkhead.worker.inbox import Inbox
from pytest_bulkhead.worker.reporter import Mouth


@pytest.fixture
def controller_and_inbox():
    ours, theirs = channel()
    controller, worker = Endpoint(ours, blocking=False), Endpoint(theirs)
    mouth = Mouth()
    mouth.connect(worker)
    inbox = Inbox(mouth)
    inbox.connect(worker, worker, [])
    yield controller, inbox
    controller.close()
    worker.close()


def test_an_answer_is_not_mistaken_for_an_order_that_equals_it(controller_and_inbox):
    """Messages without fields are equal; the question takes its own answer, the order stays."""
    controller, inbox = controller_and_inbox
    controller.send(msg.Stop())
    controller.send(msg.GoOn())

    answer = inbox.ask(msg.Paused(), msg.GoOn)

    assert type(answer) is msg.GoOn
    assert [msg.Stop] == [type(order) for order in inbox.take(wait=False)]


def test_the_question_is_sent(controller_and_inbox):
    """Who waits for an answer has asked."""
    controller, inbox = controller_and_inbox
    controller.send(msg.GoOn())
    inbox.ask(msg.Paused(), msg.GoOn)

    assert [msg.Paused] == [type(message) for message in controller.wait_messages()]
