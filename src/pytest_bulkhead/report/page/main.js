// Writes the page, and keeps what the reader chose in the address: #q=...&state=...&sort=...&test=...&theme=...

window.addEventListener("error", (event) => {
  byId("broken").hidden = false;
  byId("broken").textContent = `The script of this page failed: ${event.message}`;
});

const quoted = (word) => (/^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`);

function writeHeader() {
  const command = ["pytest", ...facts.args.map(quoted)].join(" ");
  const verdict = [...counts].map(([state, count]) => element("span", {}, dot(STATES[state]), `${count.toLocaleString("en")} ${STATES[state]}`));
  const bad = [CRASHED, TIMED_OUT, FAILED].filter((state) => counts.has(state)).map((state) => `${counts.get(state)} ${STATES[state]}`);
  byId("command").textContent = command;
  byId("verdict").append(...(verdict.length ? verdict : ["no tests ran"]), ` in ${duration(facts.lasted / 1e6)}`);
  const about = [facts.isolation, facts.dir ? `in ${facts.dir}` : ""];
  if (facts.began) about.push(new Date(facts.began * 1000).toLocaleString("sv"));
  if (!facts.remarks.some(([, text]) => text.includes(facts.stopped))) about.push(facts.stopped);
  byId("about").textContent = about.filter(Boolean).join(" · ");
  byId("remarks").append(...facts.remarks.map(([at, text]) => element("li", {}, `${text}, after ${duration(at / 1e6)}`)));
  byId("timeline").hidden = !lanes.length;
  byId("foot").textContent = `pytest-bulkhead ${facts.version}`;
  document.title = `${bad.join(", ") || plural(tests.length, "test")} · ${command}`;
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  readColours();
  redraw();
}

function remember() {
  const kept = new URLSearchParams();
  if (table.words) kept.set("q", table.words);
  if (table.wanted.size) kept.set("state", [...table.wanted].join(","));
  if (table.sort !== "state" || table.turned) kept.set("sort", `${table.turned ? "-" : ""}${table.sort}`);
  if (table.chosen) kept.set("test", nodeid(table.chosen));
  const { theme } = document.documentElement.dataset;
  if (theme) kept.set("theme", theme);
  history.replaceState(null, "", `#${kept}`);
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  const sort = kept.get("sort") ?? "state", name = sort.replace(/^-/, "");
  table.words = search.value = kept.get("q") ?? "";
  table.wanted = new Set((kept.get("state") ?? "").split(",").filter(Boolean));
  table.turned = sort.startsWith("-");
  table.sort = Object.hasOwn(COLUMNS, name) ? name : "state";
  const theme = kept.get("theme");
  setTheme(theme === "dark" || theme === "light" ? theme : "");
  fillTable();
  const test = byNodeid.get(kept.get("test") ?? "") ?? table.shown[0];
  if (!test) return;
  if (kept.has("test")) choose(test);
  else showDetail((table.chosen = test)), drawRows();
}

byId("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  setTheme(dark ? "light" : "dark");
  remember();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(""));
window.addEventListener("hashchange", recall);

writeHeader();
writeLegend();
writeDeaths();
writeLeft();
listenOnTable();
listenOnTimeline(choose);
recall();
