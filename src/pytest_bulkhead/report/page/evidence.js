// What is known: of one test, of each death, and of what was left behind.

const SHOWN_AT_FIRST = 40;
const link = (test) => {
  const button = element("button", { type: "button", className: "link" }, nodeid(test));
  button.addEventListener("click", () => visit(test));
  return button;
};
const list = (items) => element("ul", {}, ...items.map((item) => element("li", {}, item)));

function deathTexts(death) {
  const shown = [element("pre", {}, death.text)];
  for (const [title, content] of death.sections) shown.push(element("h4", {}, title), element("pre", {}, content));
  return shown;
}

/** What was learnt of a test after it had ended: from a debugger, or by running it once more. */
const learntTexts = (test) => test.learnt.flatMap(([title, text]) => [element("h4", {}, title), element("pre", {}, text)]);

function showDetail(test) {
  const word = STATES[test.state], detail = byId("detail");
  const shown = [element("h3", {}, nodeid(test)), element("p", {}, dot(word), word)];
  test.stints.forEach((stint, index) => shown.push(...stintTexts(stint, test, index)));
  if (!test.stints.length) shown.push(element("p", { className: "dim" }, "It was not begun."));
  for (const { guard, blamed, texts } of test.findings) {
    const whose = blamed === nodeid(test) ? "" : `, by ${blamed}`;
    shown.push(element("h4", {}, `left behind: ${guard}${whose}`), list(texts));
  }
  for (const death of test.deaths) shown.push(...deathTexts(death));
  shown.push(...learntTexts(test));
  if (test.state === FAILED && !test.deaths.length) {
    shown.push(element("p", { className: "dim" }, "Why it failed is on the terminal and in JUnit XML; here are the texts of deaths."));
  }
  detail.replaceChildren(...shown);
  detail.scrollTop = 0;
}

function stintTexts(stint, test, index) {
  const { process } = stint, ran = before(stint, 20);
  const phases = phasesOf(stint), shown = [];
  if (test.stints.length > 1) {
    shown.push(element("h4", {}, stint.stage || `${stint.trial ? "a trial, which does not count" : `attempt ${index + 1}`}: ${STATES[stint.state]}`));
  }
  if (phases.length) {
    const bar = element("div", { className: `phases state-${slug(STATES[stint.state])}` });
    for (const [name, took] of phases) {
      bar.append(element("i", { className: name }));
      bar.lastChild.style.flexGrow = String(took);
    }
    shown.push(bar);
  }
  const said = phases.map(([name, took, cut]) => `${name} ${duration(took / 1e6)}${cut ? ", cut short" : ""}`).join("; ");
  shown.push(element("p", {}, `${duration(stint.took / 1e6)} in gw${process.slot}, from ${duration(stint.begun / 1e6)}${said ? `: ${said}` : ""}`));
  const start = process.forked ? "forked" : "spawned";
  shown.push(element("p", { className: "dim" }, `its worker: ${process.group}, ${start}, ${process.how}, peak memory ${memory(process.peak)}`));
  if (ran.length) {
    const title = ran.length === 20 ? "the 20 tests before it in that process, latest first" : "before it in that process, latest first";
    shown.push(element("details", {}, element("summary", {}, `${title}: ${ran.length}`), list(ran.map(link))));
  }
  return shown;
}

function writeDeaths() {
  const box = byId("deaths"), { deaths } = facts;
  byId("crashes").hidden = !deaths.length;
  byId("crashes-title").textContent = `Crashes: ${deaths.length.toLocaleString("en")}`;
  const add = (from, to) => box.append(...deaths.slice(from, to).map((death, index) => makeDeath(death, from + index === 0)));
  add(0, SHOWN_AT_FIRST);
  if (deaths.length <= SHOWN_AT_FIRST) return;
  const more = element("button", { type: "button", className: "more" }, `show the other ${deaths.length - SHOWN_AT_FIRST}`);
  more.addEventListener("click", () => { more.remove(); add(SHOWN_AT_FIRST, deaths.length); });
  byId("crashes").append(more);
}

/** A death is written when it is opened: of thousands, few are. */
function makeDeath(death, open) {
  const test = tests[death.test], word = test ? STATES[test.state] : "crashed";
  const title = element("span", {}, dot(word), element("b", {}, death.text.split("\n", 1)[0]), element("span", { className: "mono" }, death.name));
  const body = element("div", { className: "body" });
  const made = element("details", {}, element("summary", {}, title, element("span", { className: "dim" }, duration(death.at / 1e6))), body);
  const fill = () => {
    if (body.childElementCount) return;
    body.append(...deathTexts(death));
    if (test) body.append(...learntTexts(test), element("p", {}, "in the table: ", link(test)));
  };
  made.addEventListener("toggle", () => { if (made.open) fill(); });
  if (open) { made.open = true; fill(); }
  return made;
}

function writeLeft() {
  byId("left").hidden = !(facts.findings.length || facts.leaks.length);
  const guards = new Map();
  for (const [, guard, blamed, texts] of facts.findings) {
    const things = guards.get(guard) ?? new Map();
    guards.set(guard, things);
    for (const text of texts) things.set(text, (things.get(text) ?? new Set()).add(blamed));
  }
  const parts = [...guards].map(([guard, things]) => element("div", { className: "guard" },
    element("h4", {}, facts.advice[guard] ? `${guard}: ${facts.advice[guard]}` : guard), list(thingLines(things))));
  if (facts.leaks.length) parts.unshift(element("div", { className: "guard" }, element("h4", {}, "processes"), list(facts.leaks.map(leakLine))));
  byId("findings").append(...parts);
}

function thingLines(things) {
  const lines = [...things].slice(0, SHOWN_AT_FIRST).map(([text, blamed]) => {
    const named = [...blamed].slice(0, 3).flatMap((name) => [element("br"), byNodeid.has(name) ? link(byNodeid.get(name)) : name]);
    return element("span", {}, text, ...named, blamed.size > 3 ? ` and ${blamed.size - 3} more` : "");
  });
  return things.size > SHOWN_AT_FIRST ? [...lines, `and ${things.size - SHOWN_AT_FIRST} more`] : lines;
}

function leakLine(leak) {
  const named = leak.tests.flatMap((name) => [byNodeid.has(name) ? link(byNodeid.get(name)) : name, " "]);
  return element("span", {}, ...(named.length ? named : ["a test that could not be named "]), `left pid ${leak.pid} running, it was ended: `,
    element("span", { className: "mono" }, leak.command));
}
