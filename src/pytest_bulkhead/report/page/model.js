// The run: the facts of the page as lists and lookups. It knows no element but that of the facts.

const facts = JSON.parse(document.getElementById("facts").textContent);
const STATES = facts.states;
const NOT_RUN = 0, RUNNING = 1, FAILED = 3, CRASHED = 7, TIMED_OUT = 8;
const PHASES = ["setup", "call", "teardown"];

/** How bad each state is, by its number: the worst is looked for first. */
const BADNESS = STATES.map((word) =>
  ["passed", "skipped", "xfailed", "not run", "xpassed", "running", "flaky", "failed", "timed out", "crashed"].indexOf(word));

/** A number below 36 that is one character. */
const digit = (character) => parseInt(character, 36);

/** The word of a state as a part of a class or of a custom property. */
const slug = (word) => word.replace(/ /g, "-");

const processes = new Map(facts.processes.map(
  ([number, slot, group, begun, ended, peak, how, bad, forked]) =>
    [number, { number, slot, group, begun, ended, peak, how, bad, forked }]));
const slots = [...new Set([...processes.values()].map((process) => process.slot))].sort((a, b) => a - b);

const stints = (() => {
  const columns = facts.stints;
  let begun = 0;
  return columns.test.map((test, index) => {
    begun += columns.after[index];
    const flags = digit(columns.flags[index]);
    return {
      index, test, begun, took: columns.took[index], ended: begun + columns.took[index],
      state: digit(columns.state[index]), fresh: (flags & 1) > 0,
      stage: ["", "fixtures were set up for it", "fixtures were torn down after it"][(flags >> 1) & 3],
      trial: (flags & 8) > 0,
      process: processes.get(columns.process[index]),
      phases: PHASES.map((name) => columns[name][index]),
    };
  });
})();

const tests = facts.tests.name.map((name, index) => ({
  index, name, module: facts.modules[facts.tests.module[index]],
  state: digit(facts.tests.state[index]), stints: [], deaths: [], learnt: [], findings: [], seconds: 0, slot: -1,
}));
const nodeid = (test) => test.module + test.name;

for (const stint of stints) tests[stint.test].stints.push(stint);
for (const death of facts.deaths) if (death.test >= 0) tests[death.test].deaths.push(death);
for (const [test, title, text] of facts.learnt) tests[test]?.learnt.push([title, text]);
const byNodeid = new Map(tests.map((test) => [nodeid(test), test]));
for (const [item, guard, blamed, texts] of facts.findings) {
  const test = byNodeid.get(blamed) ?? tests[item];
  if (test) test.findings.push({ guard, blamed, texts });
}
for (const test of tests) {
  const last = test.stints.findLast((stint) => !stint.stage && !stint.trial);
  if (!last) continue;
  test.slot = last.process.slot;
  const staged = test.stints.filter((stint) => stint.stage).reduce((sum, stint) => sum + stint.took, 0);
  test.seconds = (staged + (last.phases[2] < 0 ? last.took : last.phases.reduce((sum, one) => sum + one, 0))) / 1e6;
}

/** The tests that ran in the process of a stint before it, the latest first. */
function before(stint, limit) {
  const found = [];
  if (stint.fresh) return found;
  for (let index = stint.index - 1; index >= 0 && found.length < limit; index--) {
    const other = stints[index];
    if (other.process !== stint.process) continue;
    if (!other.stage) found.push(tests[other.test]);
    if (other.fresh) break;
  }
  return found;
}

/** {state: how many tests} of those that there are, the worst state first. */
const counts = (() => {
  const found = new Map();
  for (const test of tests) found.set(test.state, (found.get(test.state) ?? 0) + 1);
  return new Map([...found].sort(([a], [b]) => BADNESS[b] - BADNESS[a]));
})();

/** [[phase, microseconds, whether it was cut short]] of a stint: what no report tells of was. */
function phasesOf(stint) {
  const found = [];
  let left = stint.took;
  for (const [index, took] of stint.phases.entries()) {
    if (took < 0) {
      if (left > 0) found.push([PHASES[index], left, true]);
      break;
    }
    found.push([PHASES[index], took, false]);
    left -= took;
  }
  return stint.stage ? [] : found;
}

function duration(seconds) {
  if (seconds >= 90) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds >= 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds >= 0.9995) return `${seconds.toFixed(2)} s`;
  return seconds >= 0.00095 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${Math.round(seconds * 1e6)} µs`;
}
const memory = (kib) => (kib ? `${(kib / 1024).toFixed(0)} MiB` : "unknown");
const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** An element with text or children: what tests said never becomes markup. */
function element(tag, { className = "", ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
const byId = (id) => document.getElementById(id);
const dot = (word) => element("span", { className: `dot state-${slug(word)}` });
