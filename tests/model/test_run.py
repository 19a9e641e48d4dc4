"""Properties that a run has in every world."""

from __future__ import annotations

import dataclasses
import random

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.item import Item, Scopes
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.policy import GpuRelease, Policy
from pytest_bulkhead.core.resources.needs import NOTHING, Needs
from pytest_bulkhead.core.run.run import Run

from .verifier import verify
from .world import Odds, World

LEVELS = st.sampled_from(Level)


def possible(needs: Needs) -> Needs:
    """Return what the machine could give: whatever else a test needs, it is skipped for."""
    if not needs.gpus:
        return needs._replace(gpu_memory_total=0, capability="")
    if needs.gpus == 2 or needs.gpu_memory_total:
        needs = needs._replace(capability="")
    return needs._replace(gpu_memory=8e9 if needs.ram else 0)


LOCKS = st.sampled_from([(), (), ("db",), ("port",), ("db", "port")])

NEEDS = st.builds(
    Needs,
    cpus=st.sampled_from([1, 1, 2, 4]),
    ram=st.sampled_from([0, 0, 5e9, 12e9]),
    gpus=st.sampled_from([0, 0, 1, 2]),
    gpu_memory=st.just(0),
    gpu_memory_total=st.sampled_from([0, 0, 0, 100e9]),
    capability=st.sampled_from(["", "", ">=9.0"]),
    exclusive=LOCKS,
    shared=LOCKS,
).map(possible)

ITEMS = st.builds(
    Item,
    index=st.just(0),
    nodeid=st.just(""),
    scopes=st.builds(
        Scopes, st.sampled_from(["p", "q"]), st.just(""), st.sampled_from(["", "C", "D"])
    ),
    level=st.one_of(st.just(Level.SESSION), LEVELS),
    group=st.sampled_from([None, None, None, "g", "h"]),
    timeout=st.sampled_from([None, None, 0.0, 2.0]),
    needs=st.one_of(st.just(NOTHING), st.just(NOTHING), NEEDS),
)


def name_items(modules: list[list[Item]]) -> dict[str, list[Item]]:
    """Return {node: its items}, with node ids."""
    suite = {}
    for number, items in enumerate(modules):
        node = f"m{number}"
        suite[node] = [
            dataclasses.replace(
                item, nodeid=f"{node}::t{place}", scopes=item.scopes._replace(module=node)
            )
            for place, item in enumerate(items)
        ]
    return suite


SUITES = st.lists(st.lists(ITEMS, min_size=0, max_size=5), min_size=0, max_size=4).map(name_items)

POLICIES = st.builds(
    Policy,
    level=LEVELS,
    workers=st.integers(1, 4),
    spawn=st.booleans(),
    timeout=st.sampled_from([None, 5.0]),
    slack=st.sampled_from([0.0, 1.0]),
    grace=st.sampled_from([0.0, 2.0]),
    durations=st.sampled_from([{}, {"m0::t0": 3.0, "m1::t0": 1.0}]),
    stage=st.booleans(),
    spares=st.integers(0, 2),
    gpu_release=st.sampled_from([GpuRelease(), GpuRelease("fail", 0.2), GpuRelease("wait", 0.2)]),
    verify=st.sampled_from(["off", "crashes", "failures"]),
    retries=st.sampled_from([0, 0, 1, 2]),
    retry_budget=st.integers(0, 3),
    bisect=st.sampled_from([0.0, 0.0, 60.0]),
    clean_exit=st.sampled_from([False, False, True]),
)

RARE = st.sampled_from([0, 0, 3, 7, 13, 29])


def rare(factor: int) -> st.SearchStrategy[int]:
    """Return odds, among them none; the factor is for what a world survives seldom."""
    return RARE.map(lambda odds: odds * factor)


ODDS = st.builds(
    Odds,
    death=rare(3),
    hang=rare(4),
    mute=RARE,
    stop=rare(9),
    interrupt=rare(9),
    keeper=rare(15),
    requeue=st.sampled_from([0, 2, 3]),
    desertion=rare(3),
    delay=rare(3),
    held=st.sampled_from([0, 2, 3]),
)
#: Few bytes shrink well; many from a seed reach far.
CHAOS = st.one_of(
    st.binary(max_size=200),
    st.integers(0, 2**32).map(lambda seed: random.Random(seed).randbytes(1500)),
)
REASONS = st.sampled_from(["", "", "native threads run"])


def played(policy: Policy, suite: dict[str, list[Item]], odds: Odds, *rest: object) -> World:
    """Return a world whose run has ended."""
    world = World(policy, suite, odds, *rest)
    world.play()
    return world


def was_cut_short(world: World) -> bool:
    """Whether the user was told of a reason why tests have not run."""
    told = (do.GiveUp, do.ReportBreach)
    return bool(world.run.stopping) or any(isinstance(a, told) for a in world.actions)


QUICK = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@QUICK
@given(POLICIES, SUITES, st.just(Odds()), CHAOS, REASONS)
def test_in_a_world_without_accidents_every_item_runs_once(policy, suite, odds, chaos, reason):
    """Whatever the interleaving, without accidents each item starts once and is finished."""
    world = played(policy, suite, odds, chaos, reason)
    count = sum(len(members) for members in suite.values())

    assert sorted(world.starts) == list(range(count))
    assert all(attempt.finished for (attempt,) in world.attempts.values())
    assert not any(isinstance(a, (do.ReportCrash, do.ReportBreach)) for a in world.actions)


@QUICK
@given(POLICIES, SUITES, ODDS, CHAOS, REASONS)
def test_every_item_is_accounted_exactly_once(policy, suite, odds, chaos, reason):
    """An item's state is what its last attempt said; none but a dead or pardoned one is repeated."""
    world = played(policy, suite, odds, chaos, reason)
    run = world.run
    event(f"stopped: {bool(run.stopping)}")

    assert sum(run.ledger.counts().values()) == len(run.items)
    for item in range(len(run.items)):
        *earlier, _last = world.attempts.get(item, [None])
        assert run.ledger.state(item) == world.state_of(item)
        for attempt in earlier:
            assert not attempt.finished
            again = attempt.void or (attempt.crash is not None and attempt.crash.again)
            assert again or (attempt.crash is None and attempt.decided is None)


@QUICK
@given(POLICIES, SUITES, ODDS, CHAOS, REASONS)
def test_items_stay_not_run_only_for_a_reason(policy, suite, odds, chaos, reason):
    """Nothing is left out unless the run was stopped or given up, or a breach was reported."""
    world = played(policy, suite, odds, chaos, reason)

    assert State.NOT_RUN not in world.run.ledger.counts() or was_cut_short(world)


@QUICK
@given(POLICIES, SUITES, ODDS, CHAOS, REASONS)
def test_one_worker_keeps_plain_order(policy, suite, odds, chaos, reason):
    """With one worker, items start in plain pytest's order, also after deaths."""
    policy = policy._replace(workers=1, retries=0)
    odds.requeue = 0
    world = played(policy, suite, odds, chaos, reason)

    assert world.starts == sorted(world.starts)


@QUICK
@given(POLICIES, SUITES, ODDS, CHAOS, REASONS)
def test_a_run_ends_with_one_close(policy, suite, odds, chaos, reason):
    """The last action of all is Close, and there is one."""
    world = played(policy, suite, odds, chaos, reason)

    assert [world.actions[-1]] == [a for a in world.actions if isinstance(a, do.Close)]
    assert not any(process.alive for process in world.processes)


@QUICK
@given(POLICIES, SUITES, ODDS, CHAOS, REASONS)
def test_a_journal_replays(policy, suite, odds, chaos, reason):
    """The same events at the same instants give the same actions."""
    world = played(policy, suite, odds, chaos, reason)
    again = Run(policy)

    actions = [action for event, now in world.journal for action in again.handle(event, now)]

    assert list(map(repr, world.actions)) == list(map(repr, actions))


@QUICK
@given(POLICIES, SUITES, ODDS, CHAOS, REASONS)
def test_nothing_is_granted_twice_and_nobody_waits_in_vain(policy, suite, odds, chaos, reason):
    """Of no resource is more held than there is, and no slot is idle while a group could start."""
    world = played(policy, suite, odds, chaos, reason)
    heading = {"workers": policy.workers, "gpu_release": policy.gpu_release}
    event(f"scarce: {world.run.roster.grants.scarce}")

    assert verify(heading, world.lines) == []


@QUICK
@given(POLICIES, SUITES, ODDS, CHAOS)
def test_what_killed_a_wide_set_up_is_not_tried_again(policy, suite, odds, chaos):
    """Workers started after a fixture killed a process are told that it is doomed."""
    world = played(policy, suite, odds, chaos)
    doomed: set[str] = set()

    for action in world.actions:
        if isinstance(action, do.ReportCrash) and action.phase.name == "SETUP":
            wide = action.subject and not action.subject.startswith("function ")
            blamed = not action.killed_for or action.timed_out
            doomed |= {action.subject} if wide and blamed else set()
        elif (
            isinstance(action, do.StartWorker) and action.worker not in world.retries | world.trials
        ):
            assert doomed <= {it.subject for it in action.doomed}
