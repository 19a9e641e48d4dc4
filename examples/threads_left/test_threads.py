"""Progress bars and telemetry start threads, and nobody stops them: who counts threads fails.

The guard stops them after the test that started them, as their libraries would, and names it.
"""

import threading

import posthog
import tqdm


def test_progress():
    assert sum(tqdm.tqdm(range(1000), mininterval=0, miniters=1)) == 499_500


def test_telemetry():
    client = posthog.Posthog("key", host="http://127.0.0.1:9")
    assert not client.disabled


def test_no_thread_is_left():
    assert threading.enumerate() == [threading.main_thread()]
