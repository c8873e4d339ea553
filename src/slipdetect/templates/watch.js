// The page of `slipdetect watch`: asks for the state once a second and shows what has changed.
// In: state.json, pictures. Out: what people say of events; the text of a zone.
"use strict";

const EVERY = 1000; // milliseconds
const PICTURES_EVERY = 2000;
const PATIENCE = 8000;
const MINUTE = 60;
const SVG = "http://www.w3.org/2000/svg";
const find = (id) => document.getElementById(id);
const cameras = new Map();
const events = new Map();

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function button(label, kind, action) {
  const element = make("button", { type: "button", class: `act ${kind}` }, label);
  element.addEventListener("click", action);
  return element;
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const seconds = (value) => (value < 60 ? `${value.toFixed(1)} s` : `${Math.round(value / 60)} min`);
const timeOf = (iso) => new Date(iso).toLocaleTimeString([], { hour12: false });

function momentOf(iso) {
  const today = new Date(iso).toDateString() === new Date().toDateString();
  return today ? timeOf(iso) : `${new Date(iso).toLocaleDateString()} ${timeOf(iso)}`;
}

// --- asking

let answered = null;
let timer = 0;

async function poll() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      const answer = await fetch("state.json", { signal: AbortSignal.timeout(PATIENCE) });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.json());
    } catch {
      const since = answered ? ` since ${timeOf(answered)}` : "";
      trouble(`slipdetect does not answer${since}; trying again`);
      document.body.classList.add("stale");
    }
  }
  timer = setTimeout(poll, EVERY);
}

function trouble(text) {
  put(find("trouble"), text);
  find("trouble").hidden = !text;
}

function show(state) {
  answered = state.now;
  document.body.classList.remove("stale");
  trouble(state.trouble);
  keep(cameras, state.cameras, (each) => each.name, find("cameras"), newCamera, showCamera);
  const reviews = state.reviews;
  keep(events, state.events, (each) => each.id, find("events"), (each) => newEvent(each, reviews), showEvent);
  find("none").hidden = state.events.length > 0;
  const live = state.cameras.filter((each) => each.state === "live" && !each.stuck).length;
  const fresh = state.events.filter((each) => !each.seen).length;
  const told = fresh ? `, ${fresh} event${fresh === 1 ? "" : "s"} to look at` : "";
  put(find("status"), `${live} of ${state.cameras.length} live${told}`);
  document.title = fresh ? `(${fresh}) slipdetect` : "slipdetect";
}

// Give every item a view, in their order, and let go of those that are gone.
function keep(views, items, keyOf, place, create, update) {
  const wanted = new Set(items.map(keyOf));
  for (const [key, view] of views) {
    if (!wanted.has(key)) {
      view.element.remove();
      views.delete(key);
    }
  }
  items.forEach((item, index) => {
    const key = keyOf(item);
    if (!views.has(key)) views.set(key, create(item));
    const view = views.get(key);
    // what is in its place is left there, or it would lose the focus
    if (place.children[index] !== view.element) place.insertBefore(view.element, place.children[index] ?? null);
    update(view, item);
  });
}

// --- cameras

const FACTS = ["Last frame", "Frame rate", "Lag", "Dropped", "Reconnects", "Events"];

function newCamera(camera) {
  const view = { facts: {}, loading: false, camera };
  view.chip = make("span", { class: "chip" });
  view.above = make("span", { class: "chip", hidden: "" }, "from above");
  view.image = make("img", { alt: `Newest picture of ${camera.name}` });
  view.fit = make("div", { class: "fit", hidden: "" }); // zones are nowhere without a picture
  view.nothing = make("div", { class: "nothing" }, "no picture yet");
  view.shapes = draw("svg", { class: "shapes", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  view.plot = draw("svg", { class: "plot", viewBox: `0 0 ${MINUTE} 1`, preserveAspectRatio: "none", role: "img" });
  view.line = draw("path", { class: "line" });
  view.plot.append(draw("path", { class: "onset", d: `M0 ${1 - camera.onset}H${MINUTE}` }), view.line);
  view.fit.append(view.image, view.shapes);
  view.now = make("span");
  view.edit = button("Zones", "", () => openZones(view.camera));
  const facts = make("dl", { class: "facts" });
  for (const name of FACTS) {
    view.facts[name] = make("div", {}, make("dt", {}, name), make("dd"));
    facts.append(view.facts[name]);
  }
  view.element = make("article", { class: "camera", "aria-label": camera.name },
    make("header", {}, make("h3", {}, camera.name), view.above, view.chip),
    make("div", { class: "stage" }, view.nothing, view.fit),
    make("div", { class: "body" },
      make("div", {}, make("div", { class: "probability" }, make("span", {}, "Probability, last minute"), view.now), view.plot),
      facts,
      make("div", {}, view.edit)));
  return view;
}

function showCamera(view, camera) {
  view.camera = camera;
  view.edit.disabled = camera.silent_for === null;
  const live = camera.state === "live";
  put(view.chip, camera.stuck ? "stuck" : camera.state);
  view.chip.className = `chip ${camera.stuck || camera.state === "broken off" ? "broken" : live ? "live" : ""}`;
  view.above.hidden = camera.view !== "above";
  view.element.classList.toggle("old", !live);
  const line = camera.curve.map(([age, p], index) => {
    const gap = index === 0 || camera.curve[index - 1][0] - age > 1.5;
    return `${gap ? "M" : "L"}${MINUTE - age} ${1 - p}`;
  });
  view.line.setAttribute("d", line.join(""));
  const now = camera.probability === null ? "–" : camera.probability.toFixed(2);
  put(view.now, now);
  view.plot.setAttribute("aria-label", `Probability of a fall: ${now} now`);
  const silent = camera.silent_for;
  fact(view, "Last frame", silent === null ? "never" : `${seconds(silent)} ago`, silent !== null && silent > 3);
  fact(view, "Frame rate", `${camera.fps.toFixed(1)} / s`);
  fact(view, "Lag", `${camera.lag.toFixed(2)} s`, camera.lag > 2);
  fact(view, "Dropped", String(camera.dropped));
  fact(view, "Reconnects", String(camera.reconnects));
  fact(view, "Events", String(camera.events));
  const zones = JSON.stringify(camera.zones);
  if (view.zones !== zones) {
    view.zones = zones;
    view.shapes.replaceChildren(...camera.zones.map(polygon));
  }
}

function fact(view, name, text, bad = false) {
  put(view.facts[name].lastChild, text);
  view.facts[name].classList.toggle("bad", bad);
}

function pictureOf(camera) {
  return `frame.jpg?camera=${encodeURIComponent(camera.name)}&t=${Date.now()}`;
}

function renewPictures() {
  for (const view of cameras.values()) {
    // a camera without a frame has no picture, and one that is slow gets no second question
    if (document.hidden || view.loading || view.camera.silent_for === null) continue;
    view.loading = true;
    const next = new Image();
    next.addEventListener("load", () => {
      view.loading = false;
      view.image.src = next.src;
      // zones lie on the picture, not on the bars beside it
      const shape = next.naturalWidth / next.naturalHeight;
      view.fit.style.aspectRatio = String(shape);
      view.fit.classList.toggle("tall", shape < 1.6);
      view.nothing.hidden = true;
      view.fit.hidden = false;
    });
    next.addEventListener("error", () => { view.loading = false; });
    next.src = pictureOf(view.camera);
  }
}

// --- events

function newEvent(event, reviews) {
  const view = { id: event.id };
  view.shot = make("div", { class: "shot" }, "no picture");
  view.what = make("p", { class: "what" });
  view.more = make("p", { class: "soft" });
  view.waits = make("p", { class: "soft" });
  view.clip = make("a", { class: "act", target: "_blank", rel: "noopener", hidden: "" }, "Clip");
  view.seen = button("Acknowledge", "seen", () => mark(view, { seen: !view.event.seen }));
  const verdict = (word) => () => mark(view, { verdict: view.event.verdict === word ? "" : word });
  view.right = button("Right", "yes", verdict("right"));
  view.wrong = button("Wrong, no fall", "no", verdict("wrong"));
  const row = make("div", { class: "row", role: "group", "aria-label": "your verdict" }, view.clip, view.seen);
  if (reviews) row.append(view.right, view.wrong);
  view.element = make("li", { class: "event" }, view.shot, make("div", {}, view.what, view.more, view.waits), row);
  return view;
}

function showEvent(view, event) {
  view.event = event;
  const { start, end, score, label, down_for: down, recovered_at: up, interrupted } = event.event;
  put(view.what, `${momentOf(event.at)} · ${event.camera}`);
  const parts = [label, `${Math.round(100 * score)}% sure`, `${(end - start).toFixed(1)} s`];
  if (interrupted) parts.push("the camera broke off");
  if (down) parts.push(up === undefined ? `down for at least ${Math.floor(down)} s` : `down for ${down.toFixed(0)} s, up again`);
  put(view.more, parts.join(" · "));
  if (event.picture && !view.image) {
    view.image = make("img", { alt: `${event.camera} at the peak of the event`, src: `event.jpg?id=${event.id}` });
    view.shot.replaceChildren(view.image);
  }
  view.clip.hidden = event.clip === null;
  if (event.clip) view.clip.setAttribute("href", `clips/${encodeURIComponent(event.clip)}`);
  press(view.seen, event.seen);
  put(view.seen, event.seen ? "Acknowledged" : "Acknowledge");
  press(view.right, event.verdict === "right");
  press(view.wrong, event.verdict === "wrong");
  put(view.waits, event.waits ? `Not in the review yet: ${event.waits}.` : "");
  view.waits.hidden = !event.waits;
  view.element.classList.toggle("fresh", !event.seen);
  view.element.classList.toggle("wrong", event.verdict === "wrong");
}

function press(element, pressed) {
  element.setAttribute("aria-pressed", String(pressed));
}

async function mark(view, what) {
  try {
    const answer = await fetch("mark", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ id: view.id, ...what }),
    });
    if (answer.ok) showEvent(view, await answer.json());
    else trouble(await answer.text());
  } catch {
    trouble("slipdetect does not answer; the mark was not kept");
  }
  poll();
}

// --- zones

const zone = { camera: null, corners: [], cross: null };

function polygon({ points, include }) {
  return draw("polygon", { points: points.map((each) => each.join(",")).join(" "), class: include ? "include" : "exclude" });
}

function openZones(camera) {
  zone.camera = camera;
  zone.corners = [];
  zone.cross = null;
  put(find("zones-title"), `Zones of ${camera.name}`);
  find("still").src = pictureOf(camera);
  const names = camera.zones.map((each) => `${each.name} (${each.include ? "include" : "exclude"})`);
  put(find("known"), names.length ? `In force: ${names.join(", ")}` : "No zone is in force.");
  find("zones").showModal();
  showZone();
}

const share = (value) => Math.round(Math.min(Math.max(value, 0), 1) * 1000) / 1000;

function addCorner(x, y) {
  zone.corners.push([share(x), share(y)]);
  showZone();
}

function key(word) {
  // JSON writes such texts as TOML does
  return /^[A-Za-z0-9_-]+$/.test(word) ? word : JSON.stringify(word);
}

function tomlOf(camera, name, kind, corners) {
  const named = /^[\p{L}\p{N}_][\p{L}\p{N}_ .-]{0,59}$/u.test(camera) ? camera : "NAME";
  const points = corners.map((each) => `[${each.map((value) => value.toFixed(3)).join(", ")}]`);
  return `[camera.${key(named)}.zone.${key(name)}]\n${kind} = [${points.join(", ")}]\n`;
}

// Whether two sides meet elsewhere than at a corner that they share.
function crosses(corners) {
  const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const side = (i) => [corners[i], corners[(i + 1) % corners.length]];
  for (let i = 0; i < corners.length; i += 1) {
    for (let j = i + 2; j < corners.length; j += 1) {
      if (i === 0 && j === corners.length - 1) continue;
      const [[a, b], [c, d]] = [side(i), side(j)];
      if (turn(a, b, c) * turn(a, b, d) <= 0 && turn(c, d, a) * turn(c, d, b) <= 0) return true;
    }
  }
  return false;
}

function showZone() {
  const { camera, corners, cross } = zone;
  const shapes = camera.zones.map(polygon);
  const points = corners.map((each) => each.join(",")).join(" ");
  if (corners.length) shapes.push(draw(corners.length > 2 ? "polygon" : "polyline", { points, class: "new" }));
  shapes.push(...corners.map(([x, y]) => draw("path", { class: "corner", d: `M${x} ${y}h0` })));
  if (cross) shapes.push(draw("path", { class: "cross", d: `M${cross[0]} 0V1M0 ${cross[1]}H1` }));
  find("drawing").replaceChildren(...shapes);
  const name = find("zone-name").value.trim();
  const wrong = corners.length < 3 ? `${corners.length} of at least 3 corners`
    : crosses(corners) ? "The zone crosses itself: set its corners in order around it."
    : name ? "" : "Give the zone a name.";
  find("toml").value = wrong ? "" : tomlOf(camera.name, name, find("zone-kind").value, corners);
  find("copy").disabled = Boolean(wrong);
  put(find("advice"), wrong || "Put this into the file of cameras and send the program SIGHUP; the page changes no file.");
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function moveCross(press) {
  const step = STEPS[press.key];
  if (step) {
    const size = press.shiftKey ? 0.05 : 0.01;
    const [x, y] = zone.cross ?? [0.5, 0.5];
    zone.cross = [share(x + size * step[0]), share(y + size * step[1])];
    showZone();
  } else if (press.key === "Enter") {
    addCorner(...(zone.cross ?? [0.5, 0.5]));
  } else {
    return;
  }
  press.preventDefault();
}

find("still").addEventListener("load", () => {
  const shape = find("still").naturalWidth / find("still").naturalHeight;
  find("fit").style.aspectRatio = String(shape);
  // what it is for has to fit below it
  find("fit").style.width = `min(100%, ${50 * shape}dvh)`;
});
find("drawing").addEventListener("click", (click) => {
  const box = find("drawing").getBoundingClientRect();
  zone.cross = null;
  addCorner((click.clientX - box.left) / box.width, (click.clientY - box.top) / box.height);
});
find("drawing").addEventListener("keydown", moveCross);
find("drawing").addEventListener("focus", () => {
  if (!find("drawing").matches(":focus-visible")) return;
  zone.cross ??= [0.5, 0.5];
  showZone();
});
find("undo").addEventListener("click", () => { zone.corners.pop(); showZone(); });
find("clear").addEventListener("click", () => { zone.corners = []; showZone(); });
find("zone-name").addEventListener("input", showZone);
find("zone-kind").addEventListener("change", showZone);
find("done").addEventListener("click", () => find("zones").close());
find("copy").addEventListener("click", () => {
  find("toml").select();
  // navigator.clipboard is there for encrypted pages only
  if (document.execCommand("copy")) put(find("advice"), "Copied.");
});

document.addEventListener("visibilitychange", poll);
setInterval(renewPictures, PICTURES_EVERY);
poll().then(renewPictures);
