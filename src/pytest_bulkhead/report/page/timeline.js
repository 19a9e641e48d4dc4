// The timeline: a lane for each worker, with its tests, its processes and their memory.

const GUTTER = 46, AXIS = 22;
const canvas = byId("canvas"), pen = canvas.getContext("2d"), tip = byId("tip");
const WHOLE = { from: 0, to: Math.max(facts.lasted, 1) * 1.005 };
let view = { ...WHOLE }, colours = {}, chosen = -1, dragged = null, pending = false;

const lanes = slots.map((slot) => ({
  slot,
  stints: stints.filter((stint) => stint.process.slot === slot),
  processes: [...processes.values()].filter((process) => process.slot === slot),
}));
const LANE = slots.length > 12 ? 30 : 48;
const TEST = Math.round(LANE * 0.46), MEMORY = Math.round(LANE * 0.2), MARK = LANE - TEST - MEMORY - 4;
const highestPeak = Math.max(1, ...[...processes.values()].map((process) => process.peak));

function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => { pending = false; draw(); });
}

/** Colours are asked of the style, which knows whether it is dark. */
function readColours() {
  const probe = element("span");
  document.body.append(probe);
  const names = [...STATES.map(slug), "fixtures", "memory", "left", "line", "ink", "dim", "raised", "accent"];
  colours = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}

/** Pixels of the whole view; asked of the layout once for a drawing, not for each test. */
let width = 1;
const x = (at) => GUTTER + ((at - view.from) / (view.to - view.from)) * width;
const instant = (left) => view.from + ((left - GUTTER) / width) * (view.to - view.from);
const colourOf = (stint) => (stint.stage ? colours.fixtures : colours[slug(STATES[stint.state])]);

function draw() {
  width = Math.max(1, canvas.clientWidth - GUTTER - 8);
  const height = AXIS + lanes.length * LANE + 4, scale = window.devicePixelRatio || 1;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(canvas.clientWidth * scale);
  canvas.height = Math.round(height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "middle";
  drawAxis(height);
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER - 4, 0, width + 12, height);
  pen.clip();
  lanes.forEach((lane, row) => drawLane(lane, AXIS + row * LANE));
  for (const leak of facts.leaks) diamond(x(leak.at), AXIS - 7);
  pen.restore();
  pen.fillStyle = colours.dim;
  lanes.forEach((lane, row) => pen.fillText(`gw${lane.slot}`, 2, AXIS + row * LANE + MARK + TEST / 2));
  if (dragged) {
    pen.fillStyle = colours.accent;
    pen.globalAlpha = 0.15;
    pen.fillRect(Math.min(dragged.from, dragged.to), 0, Math.abs(dragged.to - dragged.from), height);
    pen.globalAlpha = 1;
  }
}

function drawAxis(height) {
  const seconds = (view.to - view.from) / 1e6, rough = seconds / Math.max(2, width / 110);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  for (let at = Math.ceil(view.from / 1e6 / step) * step; at <= view.to / 1e6; at += step) {
    const left = Math.round(x(at * 1e6)) + 0.5;
    pen.fillStyle = colours.line;
    pen.fillRect(left, AXIS - 6, 1, height - AXIS + 6);
    pen.fillStyle = colours.dim;
    if (left < GUTTER + width - 30) pen.fillText(`${at.toFixed(digits)} s`, left + 4, 8);
  }
}

function drawLane(lane, top) {
  const tested = top + MARK, below = tested + TEST + 2;
  for (const process of lane.processes) {
    const left = x(process.begun), right = x(process.ended);
    if (right < GUTTER || left > GUTTER + width) continue;
    pen.fillStyle = colours.raised;
    pen.fillRect(left, tested, Math.max(1, right - left - 0.5), TEST);
    const tall = Math.max(1, (process.peak / highestPeak) * MEMORY);
    pen.fillStyle = colours.memory;
    if (process.peak) pen.fillRect(left, below + MEMORY - tall, Math.max(1, right - left - 0.5), tall);
  }
  drawTests(lane, tested);
  for (const process of lane.processes) if (process.bad) tick(x(process.ended), tested, colours.ink);
  drawMarks(lane, tested);
}

/** Tests that are narrower than a pixel are gathered: the worst colours it, and how busy it was. */
function drawTests(lane, top) {
  const columns = new Map(), frames = [];
  for (const stint of lane.stints) {
    if (stint.ended < view.from || stint.begun > view.to) continue;
    const left = x(stint.begun), wide = x(stint.ended) - left;
    if (wide >= 1.5) {
      pen.fillStyle = colourOf(stint);
      pen.globalAlpha = stint.trial ? 0.45 : 1;
      pen.fillRect(left, top, wide - (wide > 4 ? 1 : 0), TEST);
      pen.globalAlpha = 1;
    } else {
      const column = Math.floor(left), known = columns.get(column);
      const badness = stint.stage ? -1 : BADNESS[stint.state];
      if (!known) columns.set(column, { stint, badness, wide });
      else {
        known.wide += wide;
        if (badness > known.badness) Object.assign(known, { stint, badness });
      }
    }
    if (stint.test === chosen) frames.push([left, top, Math.max(wide, 2)]);
  }
  for (const [column, { stint, badness, wide }] of columns) {
    pen.fillStyle = colourOf(stint);
    pen.globalAlpha = badness > 3 ? 1 : 0.35 + 0.65 * Math.min(1, wide);
    pen.fillRect(column, top, 1, TEST);
  }
  pen.globalAlpha = 1;
  for (const place of frames) frame(...place);
}

function frame(left, top, wide) {
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 2;
  pen.strokeRect(left - 1, top - 1, wide + 2, TEST + 2);
}

function drawMarks(lane, tested) {
  const seen = new Set();
  for (const stint of lane.stints) {
    if (stint.stage || stint.trial || stint.ended < view.from || stint.begun > view.to) continue;
    const at = x(stint.ended), test = tests[stint.test];
    if (stint.state === CRASHED) triangle(at, tested - 2);
    else if (stint.state === TIMED_OUT) square(at, tested - 2);
    else if (test.findings.length && !seen.has(Math.floor(at / 3))) {
      seen.add(Math.floor(at / 3));
      diamond(at, tested - 6);
    }
  }
}

function shape(colour, ...points) {
  pen.fillStyle = colour;
  pen.beginPath();
  for (const [left, top] of points) pen.lineTo(left, top);
  pen.fill();
}
const triangle = (at, bottom) => shape(colours.crashed, [at, bottom], [at - 5, bottom - 9], [at + 5, bottom - 9]);
const square = (at, bottom) => shape(colours["timed-out"],
  [at - 4, bottom], [at + 4, bottom], [at + 4, bottom - 8], [at - 4, bottom - 8]);
const diamond = (at, middle) => shape(colours.left,
  [at, middle - 4], [at + 4, middle], [at, middle + 4], [at - 4, middle]);
const tick = (at, top, colour) => shape(colour, [at - 1, top], [at + 1, top], [at + 1, top + TEST], [at - 1, top + TEST]);

// -- what is under the pointer -------------------------------------------------------------------

function under(event) {
  const box = canvas.getBoundingClientRect();
  const lane = lanes[Math.floor((event.clientY - box.top - AXIS) / LANE)];
  const left = event.clientX - box.left, at = instant(left), slack = ((view.to - view.from) / width) * 4;
  if (!lane || left < GUTTER) return {};
  let best = null, nearest = slack;
  for (const stint of lane.stints) {
    if (stint.begun > at + slack) break;
    const away = Math.max(stint.begun - at, at - stint.ended, 0);
    const better = best === null || BADNESS[stint.state] > BADNESS[best.state] || away < nearest;
    if (away <= nearest && better) [best, nearest] = [stint, Math.max(away, slack / 4)];
  }
  return { stint: best, process: lane.processes.find((one) => one.begun <= at && at <= one.ended) };
}

function showTip(event) {
  const { stint, process } = under(event);
  tip.hidden = !stint && !process;
  if (tip.hidden) return;
  const lines = [];
  if (stint) {
    const name = nodeid(tests[stint.test]);
    if (stint.trial) lines.push("in a trial, which does not count:");
    lines.push(stint.stage ? `${stint.stage}: ${name}` : `${STATES[stint.state]} ${name}`, `${duration(stint.took / 1e6)}, from ${duration(stint.begun / 1e6)}`);
  }
  if (process) lines.push(`gw${process.slot}, ${process.group}: ${process.how}, peak memory ${memory(process.peak)}`);
  tip.textContent = lines.join("\n");
  tip.style.left = `${Math.max(0, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8))}px`;
  const below = event.clientY + 16, above = event.clientY - tip.offsetHeight - 10;
  tip.style.top = `${below + tip.offsetHeight < innerHeight ? below : above}px`;
}

// -- looking closer ------------------------------------------------------------------------------

function show(from, to) {
  const wide = Math.max(200, Math.min(to - from, WHOLE.to));
  const start = Math.max(0, Math.min(from, WHOLE.to - wide));
  view = { from: start, to: start + wide };
  redraw();
}
function zoom(factor, around = (view.from + view.to) / 2) {
  show(around - (around - view.from) * factor, around + (view.to - around) * factor);
}
const pan = (part) => show(view.from + (view.to - view.from) * part, view.to + (view.to - view.from) * part);

function listenOnTimeline(choose) {
  canvas.addEventListener("pointermove", (event) => {
    const left = event.clientX - canvas.getBoundingClientRect().left;
    if (dragged) { dragged.to = left; redraw(); } else showTip(event);
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  canvas.addEventListener("pointerdown", (event) => {
    const left = event.clientX - canvas.getBoundingClientRect().left;
    dragged = { from: left, to: left };
    canvas.setPointerCapture(event.pointerId);
    tip.hidden = true;
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!dragged) return;
    const [left, right] = [dragged.from, dragged.to].sort((a, b) => a - b);
    dragged = null;
    if (right - left > 5) show(instant(left), instant(right));
    else {
      const { stint } = under(event);
      if (stint) choose(tests[stint.test]);
      redraw();
    }
  });
  canvas.addEventListener("dblclick", () => show(WHOLE.from, WHOLE.to));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, instant(event.clientX - canvas.getBoundingClientRect().left));
  }, { passive: false });
  const keys = {
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => show(WHOLE.from, WHOLE.to),
    ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  byId("zoom-in").addEventListener("click", () => zoom(0.5));
  byId("zoom-out").addEventListener("click", () => zoom(2));
  byId("zoom-all").addEventListener("click", () => show(WHOLE.from, WHOLE.to));
  new ResizeObserver(redraw).observe(byId("lanes"));
}

function writeLegend() {
  const words = [...counts.keys()].filter((state) => state !== NOT_RUN).map((state) => STATES[state]);
  const marks = [
    counts.has(CRASHED) ? "▼ crash" : "", counts.has(TIMED_OUT) ? "■ hang" : "",
    facts.findings.length + facts.leaks.length ? "◆ left behind" : "",
  ].filter(Boolean);
  if (stints.some((stint) => stint.stage)) words.push("fixtures");
  byId("legend").append(
    ...[...words, "memory"].map((word) => element("span", {}, dot(word), word === "memory" ? "peak memory of a process" : word)),
    ...marks.map((mark) => element("span", {}, mark)));
  const said = [...counts].map(([state, count]) => `${count} ${STATES[state]}`).join(", ");
  canvas.setAttribute("aria-label", `Timeline of ${plural(slots.length, "worker")} over ${duration(facts.lasted / 1e6)}: ${said}. The table below has every test.`);
}
