// The table of tests: searched, filtered and sorted; only the rows in sight are elements.

const ROW = 28, SPARE = 8;
const grid = byId("grid"), scroller = byId("scroller"), rows = byId("rows"), search = byId("search");
const COLUMNS = {
  state: { title: "state", key: (test) => -BADNESS[test.state] },
  test: { title: "test", key: (test) => test.index },
  time: { title: "time", key: (test) => -test.seconds },
  worker: { title: "worker", key: (test) => test.slot },
  left: { title: "left", key: (test) => -test.findings.length },
};
const LEFT = "left behind";
const table = { wanted: new Set(), words: "", sort: "state", turned: false, shown: [], chosen: null };
const lower = tests.map((test) => nodeid(test).toLowerCase());

function matches(test, words) {
  const { wanted } = table;
  const fits = !wanted.size || wanted.has(STATES[test.state]) || (wanted.has(LEFT) && test.findings.length > 0);
  return fits && words.every((word) => lower[test.index].includes(word));
}

function fillTable() {
  const words = table.words.toLowerCase().split(/\s+/).filter(Boolean);
  const { key } = COLUMNS[table.sort], sign = table.turned ? -1 : 1;
  table.shown = tests.filter((test) => matches(test, words));
  table.shown.sort((a, b) => sign * (key(a) - key(b)) || a.index - b.index);
  const all = table.shown.length === tests.length;
  byId("count").textContent = all ? plural(tests.length, "test") : `${table.shown.length.toLocaleString("en")} of ${plural(tests.length, "test")}`;
  for (const cell of byId("columns").children) {
    const mine = cell.dataset.column === table.sort;
    cell.setAttribute("aria-sort", mine ? (table.turned ? "descending" : "ascending") : "none");
  }
  for (const chip of byId("chips").children) chip.setAttribute("aria-pressed", String(table.wanted.has(chip.dataset.word)));
  rows.style.height = `${table.shown.length * ROW}px`;
  grid.setAttribute("aria-rowcount", String(table.shown.length + 1));
  scroller.scrollTop = 0;
  drawRows();
}

function drawRows() {
  if (!table.shown.length) {
    rows.replaceChildren(element("p", { className: "empty" }, tests.length ? "No test is like that." : "No test was collected."));
    return;
  }
  const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - SPARE);
  const last = Math.min(table.shown.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW) + SPARE);
  rows.replaceChildren(...table.shown.slice(first, last).map((test, offset) => makeRow(test, first + offset)));
  if (table.chosen) grid.setAttribute("aria-activedescendant", `test-${table.chosen.index}`);
}

function makeRow(test, place) {
  const word = STATES[test.state];
  const row = element("div", {
    className: "row", role: "row", id: `test-${test.index}`, "aria-rowindex": place + 2, "aria-selected": test === table.chosen,
  },
  element("span", { role: "gridcell" }, dot(word), word),
  element("span", { className: "name", role: "gridcell", title: nodeid(test) }, element("span", { className: "dim" }, test.module), test.name),
  element("span", { role: "gridcell" }, test.stints.length ? duration(test.seconds) : ""),
  element("span", { role: "gridcell" }, test.slot < 0 ? "" : `gw${test.slot}`),
  element("span", { role: "gridcell" }, test.findings.length ? String(test.findings.length) : ""));
  row.style.top = `${place * ROW}px`;
  row.addEventListener("click", () => choose(test));
  return row;
}

/** Choose a test: its row is marked and in sight, its detail is shown, the timeline frames it. */
function choose(test) {
  table.chosen = test;
  const place = table.shown.indexOf(test);
  const [top, sight] = [place * ROW, scroller.clientHeight];
  if (place >= 0 && (top < scroller.scrollTop || top + ROW > scroller.scrollTop + sight)) {
    scroller.scrollTop = Math.max(0, top - sight / 2);
  }
  drawRows();
  showDetail(test);
  chosen = test.index;
  redraw();
  remember();
}

/** Choose a test from elsewhere on the page, and go to it. */
function visit(test) {
  if (!table.shown.includes(test)) {
    Object.assign(table, { words: "", wanted: new Set() });
    search.value = "";
    fillTable();
  }
  choose(test);
  byId("tests").scrollIntoView({ block: "start" });
}

function listenOnTable() {
  for (const [name, { title }] of Object.entries(COLUMNS)) {
    const button = element("button", { type: "button" }, title);
    const cell = element("span", { role: "columnheader", "data-column": name }, button);
    button.addEventListener("click", () => {
      table.turned = table.sort === name && !table.turned;
      table.sort = name;
      fillTable();
      remember();
    });
    byId("columns").append(cell);
  }
  const left = tests.filter((test) => test.findings.length).length;
  const chips = [...counts].map(([state, count]) => [STATES[state], count]);
  if (left) chips.push([LEFT, left]);
  for (const [word, count] of chips) {
    const button = element("button", { type: "button", "data-word": word }, dot(word === LEFT ? "left" : word), `${count.toLocaleString("en")} ${word}`);
    button.addEventListener("click", () => {
      if (!table.wanted.delete(word)) table.wanted.add(word);
      fillTable();
      remember();
    });
    byId("chips").append(button);
  }
  search.addEventListener("input", () => { table.words = search.value; fillTable(); remember(); });
  scroller.addEventListener("scroll", drawRows);
  new ResizeObserver(drawRows).observe(scroller);
  const page = () => Math.floor(scroller.clientHeight / ROW);
  const steps = {
    ArrowDown: () => 1, ArrowUp: () => -1, PageDown: page, PageUp: () => -page(),
    Home: () => -Infinity, End: () => Infinity,
  };
  grid.addEventListener("keydown", (event) => {
    if (!steps[event.key] || !table.shown.length) return;
    event.preventDefault();
    const from = table.shown.indexOf(table.chosen);
    const to = Math.max(0, Math.min(table.shown.length - 1, from + steps[event.key]()));
    choose(table.shown[to]);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target === search) return;
    event.preventDefault();
    search.focus();
  });
}
