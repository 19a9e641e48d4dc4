"""A world to try a run in: a fake template and fake workers that obey actions and answer with events.

All that is left to chance is read from a list of bytes, and a list that is used up means that
nothing odd happens any more: so a failing world shrinks to the few odd moments that it needs.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.ends import UNSEEN, End
from pytest_bulkhead.core.escalation import Step
from pytest_bulkhead.core.item import Blame, Item, Phase
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.resources.capacity import Capacity, Card
from pytest_bulkhead.core.resources.needs import NOTHING
from pytest_bulkhead.core.run.run import TEMPLATE, Run
from pytest_bulkhead.core.run.worker import Stage
from pytest_bulkhead.report.journal import Line

SEGV, TERM, KILL, CLEAN = End(signal=11), End(signal=15), End(signal=9), End(code=0)

#: More than any world of ours needs; one that takes more does not end.
MAX_STEPS = 20_000


class Chance:
    """A source of choices: bytes, then zeros for ever."""

    def __init__(self, source: bytes) -> None:
        self._bytes = iter(source)

    def below(self, limit: int) -> int:
        """Return a number below a limit; 0 is what usually happens."""
        return next(self._bytes, 0) % limit

    def one_in(self, odds: int) -> bool:
        """Return whether something odd happens now."""
        return odds > 0 and self.below(odds) == odds - 1


@dataclasses.dataclass
class Odds:
    """How seldom things happen, as one in so many moments; 0 is never."""

    death: int = 0
    hang: int = 0
    mute: int = 0
    stop: int = 0
    interrupt: int = 0
    keeper: int = 0
    requeue: int = 0
    desertion: int = 0
    #: Memory of GPUs is held by somebody when it is looked at.
    held: int = 0
    #: Time flies, so that limits pass while processes could go on.
    delay: int = 0


@dataclasses.dataclass
class Attempt:
    """One start of a test, as the shell saw it."""

    worker: int
    reports: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    finished: bool = False
    crash: do.ReportCrash | None = None
    #: A plugin asked for another one in its place, and was heard.
    void: bool = False
    #: It was begun because the one before had crashed.
    retry: bool = False

    @property
    def decided(self) -> State | None:
        """The state that its reports speak of."""
        said = dict(self.reports)
        if "failed" in (said.get("setup"), said.get("call")):
            return State.FAILED
        if said.get("setup") == "skipped":
            return State.SKIPPED
        return State.PASSED if said.get("call") == "passed" else None

    @property
    def state(self) -> State:
        """The state that the item has after this attempt."""
        if self.void:
            return State.NOT_RUN
        if self.crash and not self.crash.decided:
            return State.TIMED_OUT if self.crash.timed_out else State.CRASHED
        return self.decided or State.NOT_RUN


class Process:
    """A process: a script that stops at every moment at which something odd may happen to it."""

    def __init__(self, world: World, forked: bool) -> None:
        self.world = world
        self.forked = forked
        self.alive = True
        self.hung = False
        self.muted = False
        self.interrupted = False
        self.orphaned = False
        #: What it said and nobody has read yet.
        self.channel: deque[ev.Event] = deque()
        self.script = self.live()

    def live(self) -> Iterator[None]:
        """Live until the end."""
        raise NotImplementedError

    def gone(self, end: End) -> ev.Event:
        """Return the event of its end."""
        raise NotImplementedError

    def say(self, event: ev.Event) -> None:
        """Say something, if anybody can still hear it."""
        if not self.muted:
            self.channel.append(event)

    def die(self, end: End) -> None:
        """End, with all that was said still to be read."""
        if self.alive:
            self.alive = False
            self.channel.append(self.gone(end))

    @property
    def can_move(self) -> bool:
        """Whether it can go on by itself."""
        return self.alive and not self.hung

    def move(self) -> None:
        """Go on to the next moment, unless something odd happens."""
        chance, odds = self.world.chance, self.world.odds
        if chance.one_in(odds.death):
            self.die((SEGV, CLEAN, KILL)[chance.below(3)])
        elif chance.one_in(odds.hang):
            self.hung = True
        else:
            next(self.script, None)

    def suffer(self, step: Step, *, whole: bool = False) -> None:
        """Undergo a step towards the end."""
        if step is Step.KILL:
            self.die(KILL)
        elif step is Step.TERMINATE:
            if not self.world.chance.one_in(3):
                self.die(TERM)
        elif step is Step.INTERRUPT:
            self.interrupted = True
            self.hung = self.hung and self.world.chance.one_in(2)
        elif self.hung:
            self.hung = self.world.chance.below(3) != 2


class FakeTemplate(Process):
    """A template: collects node by node, then serves until it is released."""

    def __init__(self, world: World, action: do.StartTemplate) -> None:
        super().__init__(world, forked=True)
        self.id = action.template
        self.doomed = {doomed.subject for doomed in action.doomed}
        self.collecting = ""
        self.ready = False
        self.released = False

    def live(self) -> Iterator[None]:
        yield
        items: list[Item] = []
        for node, members in self.world.suite.items():
            if node not in self.doomed:
                self.collecting = node
                yield
                items += members
        self.collecting = ""
        numbered = [dataclasses.replace(item, index=n) for n, item in enumerate(items)]
        self.world.collected = len(numbered)
        needy = any(item.needs != NOTHING for item in numbered)
        capacity = self.world.machine if needy else None
        self.say(ev.Collected(self.id, tuple(numbered), self.world.why_spawn, capacity=capacity))
        self.ready = True
        while not self.released:
            yield
        yield
        self.say(ev.StageIdle(TEMPLATE, leaving=True))
        yield
        self.die(CLEAN)

    def gone(self, end: End) -> ev.Event:
        return ev.TemplateEnded(self.id, end, self.collecting)

    @property
    def can_move(self) -> bool:
        # One that serves has nothing to do; that it may die all the same, the world sees to.
        return super().can_move and (self.released or not self.ready)


class FakeWorker(Process):
    """A worker: runs what it is assigned, phase by phase."""

    def __init__(self, world: World, action: do.StartWorker) -> None:
        super().__init__(world, action.fork)
        self.id, self.slot, self.group = action.worker, action.slot, action.group
        self.doomed = {doomed.subject for doomed in action.doomed}
        self.todo: deque[int] = deque()
        #: What the last Assign promised.
        self.then = do.OPEN
        self.finish = False
        self.stop = False
        self.waiting = False
        self.deserts = False
        self.testing = False
        self.box = Blame()

    def assign(self, action: do.Assign) -> None:
        """Take tests, and check that the promise of the time before was kept."""
        assert self.then != do.END, "tests are assigned after the end"
        assert not self.finish, "tests are assigned after Finish"
        assert self.then in (do.OPEN, action.items[0]), "another test follows than was promised"
        self.then = action.then
        self.todo.extend(action.items)

    @property
    def ending(self) -> bool:
        """Whether it starts no further test."""
        idle = not self.todo and self.last_was_given
        return self.stop or self.interrupted or self.deserts or idle

    @property
    def last_was_given(self) -> bool:
        """Whether nothing follows what it has."""
        return self.finish or self.then == do.END

    @property
    def can_move(self) -> bool:
        blocked = self.waiting and not self.todo and not self.ending
        return super().can_move and not blocked

    def live(self) -> Iterator[None]:
        yield
        self.say(ev.WorkerJoined(self.id))
        self.box = Blame(Phase.BETWEEN)
        yield
        while not self.ending:
            self.maybe_desert()
            if self.todo:
                yield from self.run_test(self.todo.popleft())
            else:
                self.waiting = True
                yield
                self.waiting = False
        yield from self.leave()

    def leave(self) -> Iterator[None]:
        self.box = Blame(Phase.FINISHING)
        yield
        self.say(ev.WorkerLeaving(self.id))
        self.box = Blame(Phase.LEAVING)
        yield
        self.say(ev.WorkerLeft(self.id))
        yield
        self.die(CLEAN)

    def run_test(self, item: int) -> Iterator[None]:
        self.testing = True
        self.say(ev.TestStarted(self.id, item))
        yield
        for step in self.phases(item):
            yield
            self.maybe_desert()
            if self.interrupted or self.deserts:
                self.testing = False
                return
            step()
            yield
            self.maybe_mute()
        self.testing = False
        self.say(ev.TestFinished(self.id, item))
        # The box still says "teardown" when the next test begins; or it does not.
        if self.world.chance.below(2) == 0:
            self.box = Blame(Phase.BETWEEN)
        yield
        self.box = Blame(Phase.BETWEEN)

    def phases(self, item: int) -> Iterator[Callable[[], None]]:
        fixture = ("", "module a of m", "function f of t")[self.world.chance.below(3)]
        self.box = Blame(Phase.SETUP, item, fixture)
        outcome = "failed" if fixture in self.doomed else self.outcome()
        yield lambda: self.report(item, "setup", outcome)
        if outcome == "passed":
            self.box = Blame(Phase.CALL, item)
            if self.world.chance.one_in(9):
                yield lambda: self.say(ev.TerminalLent(self.id))
                yield lambda: self.say(ev.TerminalReturned(self.id))
            yield lambda: self.report(item, "call", self.outcome())
        self.box = Blame(Phase.TEARDOWN, item)
        yield lambda: self.report(item, "teardown", "passed")

    def outcome(self) -> str:
        return ("passed", "passed", "passed", "failed", "skipped")[self.world.chance.below(5)]

    def report(self, item: int, when: str, outcome: str) -> None:
        if when == "call" and outcome == "skipped":
            outcome = "failed"
        self.say(ev.TestReported(self.id, item, when, outcome))

    def maybe_desert(self) -> None:
        self.deserts = self.deserts or self.world.chance.one_in(self.world.odds.desertion)

    def maybe_mute(self) -> None:
        if not self.muted and self.world.chance.one_in(self.world.odds.mute):
            self.say(ev.WorkerMuted(self.id, "its channel carried garbage"))
            self.muted = True

    def gone(self, end: End) -> ev.Event:
        return ev.WorkerEnded(self.id, end, self.box)


class FakeSpare(Process):
    """A spare: waits to be adopted or dismissed."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, forked=False)
        self.id = number
        self.dismissed = False

    def live(self) -> Iterator[None]:
        while not self.dismissed:
            yield
        self.die(CLEAN)

    def gone(self, end: End) -> ev.Event:
        return ev.SpareEnded(self.id, end)

    @property
    def can_move(self) -> bool:
        # One that waits has nothing to do, but may be asked so often that it dies of it.
        return super().can_move and (self.dismissed or self.world.chance.one_in(5))


#: What a stage tears down.
CLEARED = "module b of m"


class StagedWorker(FakeWorker):
    """A worker whose tests and set-ups run in processes below it, which die one by one."""

    def __init__(self, world: World, action: do.StartWorker) -> None:
        super().__init__(world, action)
        #: A process below is at work.
        self.below = False
        #: The test that a stage sets up for.
        self.prepared = -1

    def assign(self, action: do.Assign) -> None:
        """Take tests, cut into cells."""
        assert sum(action.cells) == len(action.items), "the cells are not the items"
        super().assign(action)

    def move(self) -> None:
        """Go on, unless something odd happens to a process below."""
        chance = self.world.chance
        if self.below and chance.one_in(self.world.odds.death):
            self.fall((SEGV, CLEAN, KILL)[chance.below(3)])
        else:
            super().move()

    def suffer(self, step: Step, *, whole: bool = False) -> None:
        """Undergo a step towards the end: of the process below, where there is one."""
        if whole or not self.below or self.muted:
            super().suffer(step)
        elif step is Step.KILL or (step is Step.TERMINATE and self.world.chance.one_in(2)):
            self.fall(KILL)
        elif step is Step.INTERRUPT:
            self.interrupted = True

    def fall(self, end: End) -> None:
        """Lose the process below, and go on."""
        if not self.alive:
            return
        self.hung = self.below = self.testing = False
        if self.prepared >= 0:
            self.todo.remove(self.prepared)
            self.prepared = -1
        self.say(ev.CellEnded(self.id, end, self.box))
        self.box = Blame(Phase.BETWEEN)
        self.script = self.go_on()

    def live(self) -> Iterator[None]:
        yield
        self.say(ev.WorkerJoined(self.id))
        yield
        yield from self.go_on()

    def go_on(self) -> Iterator[None]:
        yield
        while not self.ending:
            self.maybe_desert()
            if not self.todo:
                self.waiting = True
                yield
                self.waiting = False
                continue
            if self.world.chance.one_in(4):
                yield from self.prepare(self.todo[self.world.chance.below(len(self.todo))])
            if not self.ending:
                yield from self.run_cell(self.todo.popleft())
        if self.world.chance.below(2) and self.world.starts:
            yield from self.clear(self.world.starts[-1])
        yield from self.leave()

    def prepare(self, item: int) -> Iterator[None]:
        self.below, self.prepared = True, item
        self.box = Blame(Phase.SETUP, item, "module a of m")
        self.say(ev.StageBusy(self.id, item))
        yield
        yield
        self.below, self.prepared = False, -1
        self.say(ev.StageIdle(self.id))
        self.box = Blame(Phase.BETWEEN)
        yield

    def run_cell(self, item: int) -> Iterator[None]:
        self.below = True
        yield from self.run_test(item)
        self.below = False

    def clear(self, item: int) -> Iterator[None]:
        self.below = True
        self.box = Blame(Phase.TEARDOWN, item, CLEARED)
        self.say(ev.StageBusy(self.id, item, clearing=True))
        yield
        if self.world.chance.below(3) == 0:
            self.say(ev.TestReported(self.id, item, "teardown", "failed"))
        yield
        self.say(ev.StageIdle(self.id, leaving=True))
        yield
        self.below = False
        self.say(ev.StageIdle(self.id))


#: What there is for tests that need something.
MACHINE = Capacity(
    4, 16e9, (Card("0", "GPU-a", 24e9, "8.0"), Card("1", "GPU-b", 80e9, "9.0", alone=True))
)


class World:
    """A run, its processes, and the user."""

    def __init__(
        self,
        policy: Policy,
        suite: dict[str, list[Item]],
        odds: Odds,
        source: bytes,
        why_spawn: str = "",
        machine: Capacity = MACHINE,
    ) -> None:
        self.machine = machine
        self.run = Run(policy)
        self.suite, self.odds, self.why_spawn = suite, odds, why_spawn
        self.chance = Chance(source)
        self.now = 100.0
        self.processes: list[Process] = []
        self.template: FakeTemplate | None = None
        self.workers: dict[int, FakeWorker] = {}
        self.collected = 0
        #: What a plugin asked for: it is heard before anything else.
        self.asked: deque[ev.Event] = deque()
        #: The same, heard at some time.
        self.spares: dict[int, FakeSpare] = {}
        self.murmured: deque[ev.Event] = deque()
        self.journal: list[tuple[ev.Event, float]] = []
        #: The same, with what was granted, as it is written.
        self.lines: list[Line] = []
        self.actions: list[do.Action] = []
        self.attempts: dict[int, list[Attempt]] = {}
        self.starts: list[int] = []
        self.requeues = 0
        #: {worker: the test that a stage of it sets up for}
        self.busy: dict[int, int] = {}
        self.interrupts = 0
        self.keeper_lost = False
        #: Workers that run tests once more: to count, or not.
        self.retries: set[int] = set()
        self.trials: set[int] = set()
        #: Tests whose crash was told for good when it could not be tried again.
        self.told: set[int] = set()

    def play(self) -> None:
        """Let time pass until the run closes."""
        self.hear(ev.Begun())
        for _ in range(MAX_STEPS):
            if self.run.closed:
                assert self.run.stopping or not self.asked, "a wish was not heard"
                self.hear_late()
                return
            self.step()
        raise AssertionError(f"the run does not end: {self.story()}")

    def step(self) -> None:
        """Let one thing happen."""
        if self.asked:
            self.hear(self.asked.popleft())
            return
        if self.user_acts():
            return
        moves: list[Callable[[], object]] = [p.move for p in self.processes if p.can_move]
        moves += [lambda p=p: self.hear(p.channel.popleft()) for p in self.processes if p.channel]
        if self.murmured:
            moves.append(lambda: self.hear(self.murmured.popleft()))
        moves += [lambda p=p: p.die(KILL) for p in self.processes if p.alive and p.orphaned]
        if moves and not self.chance.one_in(self.odds.delay):
            moves[self.chance.below(len(moves))]()
        else:
            self.wait(idle=not moves)

    def user_acts(self) -> bool:
        """Let the user, a plugin or the kernel do something, seldom."""
        if self.chance.one_in(self.odds.stop):
            self.hear(ev.StopAsked("maxfail"))
        elif self.chance.one_in(self.odds.interrupt):
            self.interrupt()
        elif self.chance.one_in(self.odds.keeper):
            for process in self.processes:
                process.die(KILL)
            self.keeper_lost = True
            self.hear(ev.KeeperLost(KILL))
        elif self.template and self.template.ready and self.chance.one_in(self.odds.death * 4):
            self.template.die(SEGV)
        else:
            return False
        return True

    def wait(self, idle: bool) -> None:
        """Let the time come at which the run wants to be woken."""
        deadline = self.run.next_deadline()
        if deadline is not None:
            self.now = max(self.now, deadline)
            self.hear(ev.Tick())
        elif any(process.alive and process.hung for process in self.processes):
            # Where no limit holds, the user's patience does.
            self.interrupt()
        else:
            assert not idle, f"nothing moves and nothing is waited for: {self.story()}"

    def interrupt(self) -> None:
        self.interrupts += 1
        self.hear(ev.Interrupted())

    def hear_late(self) -> None:
        """Let the run hear what was still under way when it closed."""
        for process in self.processes:
            for event in process.channel:
                assert self.run.handle(event, self.now) == []

    def hear(self, event: ev.Event) -> None:
        """Let the run handle an event, check it, and perform what it wants."""
        self.now += 0.01
        self.witness(event)
        self.journal.append((event, self.now))
        self.lines.append(Line(event=event, now=self.now))
        actions = self.run.handle(event, self.now)
        self.run.validate()
        self.actions += actions
        for action in actions:
            self.perform(action)
        if isinstance(event, ev.TemplateEnded):
            self.orphan_workers()
        self.check_capacity()

    def witness(self, event: ev.Event) -> None:
        """Note what an event says of a test."""
        if isinstance(event, ev.Requeued) and not (self.run.stopping or self.run.closed):
            self.attempts[event.item][-1].void = True
        if isinstance(event, ev.StageBusy) and not event.clearing:
            self.busy[event.worker] = event.item
        elif isinstance(event, (ev.StageIdle, ev.TestStarted)):
            self.busy.pop(event.worker, None)
        if getattr(event, "worker", None) in self.trials:
            return
        if isinstance(event, ev.TestStarted):
            retry = event.worker in self.retries
            self.attempts.setdefault(event.item, []).append(Attempt(event.worker, retry=retry))
            self.starts.append(event.item)
        elif isinstance(event, ev.TestReported) and not self.is_over(event.item):
            self.attempts[event.item][-1].reports.append((event.when, event.outcome))
        elif isinstance(event, ev.TestFinished):
            self.attempts[event.item][-1].finished = True

    def orphan_workers(self) -> None:
        """Let the forked workers die some time after their template; a few never do."""
        for worker in self.workers.values():
            worker.orphaned = worker.forked and not self.chance.one_in(4)

    def check_capacity(self) -> None:
        """Check that no more processes run tests than may, and that ids differ."""
        in_test = [worker for worker in self.workers.values() if worker.alive and worker.testing]
        assert len(in_test) <= self.run.policy.workers
        present = [w for w in self.run.workers.values() if w.stage is not Stage.LEFT]
        slots = [worker.slot for worker in present]
        assert len(slots) == len(set(slots))

    def perform(self, action: do.Action) -> None:
        """Do what the run wants."""
        if isinstance(action, do.StartTemplate):
            assert self.template is None or not self.template.alive
            self.template = FakeTemplate(self, action)
            self.processes.append(self.template)
        elif isinstance(action, do.ReleaseTemplate):
            self.template.released = True
        elif isinstance(action, do.StartWorker):
            self.start_worker(action)
        elif isinstance(action, do.Assign):
            self.workers[action.worker].assign(action)
        elif isinstance(action, do.Condemn):
            self.workers[action.worker].doomed.add(action.doomed.subject)
        elif isinstance(action, do.StartSpare):
            self.start_spare(action.worker)
        elif isinstance(action, do.Finish):
            self.finish(action.worker)
        elif isinstance(action, do.Stop):
            self.workers[action.worker].stop = True
        else:
            self.perform_at_an_end(action)

    def perform_at_an_end(self, action: do.Action) -> None:
        """End a process, or note the end of one."""
        if isinstance(action, do.Escalate):
            self.process_of(action.worker).suffer(action.step, whole=action.whole)
        elif isinstance(action, do.ReportCrash):
            self.note_crash(action)
        elif isinstance(action, do.TellWithheld):
            assert action.item not in self.told
            assert any(attempt.crash for attempt in self.attempts[action.item])
            self.told.add(action.item)
        elif isinstance(action, do.ReportAnswer):
            assert action.item in self.attempts
        elif isinstance(action, do.LookAtCards):
            held = ("pid 9",) if self.chance.one_in(self.odds.held) else ()
            self.murmured.append(ev.CardsSeen(action.worker, held))

    def start_spare(self, number: int) -> None:
        self.spares[number] = FakeSpare(self, number)
        self.processes.append(self.spares[number])
        waiting = [s for s in self.spares.values() if s.alive and not s.dismissed]
        assert len(waiting) <= self.run.policy.spares

    def finish(self, number: int) -> None:
        if number in self.spares:
            self.spares[number].dismissed = True
        else:
            assert self.workers[number].then != do.END
            self.workers[number].finish = True

    def process_of(self, number: int) -> Process:
        if not number:
            return self.template
        return self.spares.get(number) or self.workers[number]

    def start_worker(self, action: do.StartWorker) -> None:
        spare = self.spares.pop(action.worker, None)
        assert (spare is not None) == action.adopted
        self.note_grant(action)
        self.note_attempt(action.worker)
        worker = (StagedWorker if action.staged else FakeWorker)(self, action)
        self.workers[action.worker] = worker
        self.processes.append(worker)
        if spare is not None:
            # One that died has told, and that is all that will be heard of the worker.
            worker.alive, spare.alive = spare.alive, False
        if action.fork:
            assert self.template.ready
            if not self.template.alive:
                worker.die(UNSEEN)

    def note_attempt(self, number: int) -> None:
        attempt = self.run.workers[number].attempt
        if attempt is not None:
            others = [worker for worker in self.workers.values() if worker.alive]
            assert not [worker for worker in others if not worker.orphaned], "it is not alone"
            (self.retries if attempt.counts else self.trials).add(number)

    def note_grant(self, action: do.StartWorker) -> None:
        if self.run.roster.grants.scarce:
            group = self.run.roster.groups[action.group]
            grant = {"worker": action.worker, "slot": action.slot, **action.grant._asdict()}
            granted = {**grant, "group": group.name, "items": group.items}
            self.lines.append(Line(evidence={"granted": granted}))

    def note_crash(self, crash: do.ReportCrash) -> None:
        # A keeper that is lost takes the black boxes along: nothing names a fixture then.
        clearing = crash.subject == CLEARED or (self.keeper_lost and self.is_over(crash.item))
        if crash.phase is Phase.TEARDOWN and clearing:
            return  # of a stage: its test was over
        if self.busy.pop(crash.worker, None) == crash.item:
            # It was begun by the set-up of what it needs.
            self.attempts.setdefault(crash.item, []).append(Attempt(crash.worker))
        attempt = self.attempts[crash.item][-1]
        assert crash.worker not in self.trials
        assert attempt.crash is None
        assert not attempt.finished
        assert crash.decided == (attempt.decided is not None)
        attempt.crash = crash
        if not (crash.decided or crash.again) and self.chance.one_in(self.odds.requeue):
            self.requeues += 1
            (self.asked, self.murmured)[self.chance.below(2)].append(ev.Requeued(crash.item))

    def state_of(self, item: int) -> State:
        """Return what an item has come to, by what was said of it."""
        *_earlier, last = self.attempts.get(item, [None])
        if item in self.told:
            return State.CRASHED
        if last is None:
            return State.NOT_RUN
        return State.FLAKY if last.retry and last.state is State.PASSED else last.state

    def is_over(self, item: int) -> bool:
        attempts = self.attempts.get(item)
        return bool(attempts and attempts[-1].finished)

    def story(self) -> str:
        """Return the last things that happened."""
        lines = [f"{now:.2f} {event}" for event, now in self.journal[-12:]]
        lines += [f"stage {w.stage} of {w.id}" for w in self.run.workers.values()]
        return "\n  ".join(
            [*lines, f"template {self.run.template}", f"pool {list(self.run.roster.pool)}"]
        )
