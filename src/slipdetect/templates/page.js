// Clicks that move the player, and the review: which events are right, wrong or missing.
// In: the sections of the page. Out: review.csv, which `slipdetect train` takes as it is.
"use strict";

const FRESH = 1; // seconds that a missed event lasts at first
const page = document.documentElement;
const videos = [...document.querySelectorAll(".video[data-path]")].map(watchVideo);
let unsaved = false;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(label, action, attributes = {}) {
  const element = make("button", { type: "button", class: "act", ...attributes }, label);
  element.addEventListener("click", action);
  return element;
}

function rounded(seconds) {
  return Math.round(seconds * 1000) / 1000;
}

// --- the player and its timeline

function watchVideo(section) {
  const player = section.querySelector("video");
  const timeline = section.querySelector(".timeline");
  const length = Number(section.dataset.length);
  // a copy begins with the first picture, which may come after the beginning of the recording
  const begins = Number(section.dataset.begins);
  const path = JSON.parse(section.dataset.path);
  const view = { section, player, timeline, length, begins, path, events: [] };
  for (const item of section.querySelectorAll("[data-seek]")) {
    item.addEventListener("click", (click) => {
      click.stopPropagation();
      seek(view, Number(item.dataset.seek));
    });
  }
  timeline.addEventListener("click", (click) => {
    const box = timeline.getBoundingClientRect();
    const share = (click.clientX - box.left) / box.width;
    seek(view, Math.min(Math.max(share, 0), 1) * length);
  });
  if (player) {
    // until it is played it shows its first event and not a black picture
    const shot = section.querySelector(".jump img");
    if (shot) player.poster = shot.src;
    player.addEventListener("timeupdate", () => showTime(view));
    player.addEventListener("seeking", () => showTime(view));
    player.addEventListener("error", () => refuse(view));
  }
  return view;
}

function seek(view, seconds) {
  if (!view.player) return;
  const go = () => {
    view.player.currentTime = Math.max(seconds - view.begins, 0);
    showTime(view);
  };
  if (view.player.readyState > 0) {
    go();
  } else {
    view.player.addEventListener("loadedmetadata", go, { once: true });
    view.player.preload = "auto";
    view.player.load();
  }
  // a page that is not shown may not play; the player is at its time all the same
  view.player.play().catch(() => {});
}

function playedAt(view) {
  return view.player.currentTime + view.begins;
}

function showTime(view) {
  const cursor = view.timeline.querySelector(".cursor");
  cursor.hidden = false;
  cursor.style.left = `${(100 * Math.min(playedAt(view), view.length)) / view.length}%`;
}

function refuse(view) {
  view.section.querySelector(".unplayable").hidden = false;
}

// --- the review

function startReview(view) {
  const place = view.section.querySelector(".review");
  if (!place) return;
  const marks = view.section.querySelectorAll(".mark");
  view.section.querySelectorAll(".event").forEach((row, index) => {
    const { start, end, score } = row.dataset;
    const event = { row, mark: marks[index], score, verdict: "" };
    event.start = Number(start);
    event.end = Number(end);
    view.events.push(event);
    row.lastElementChild.append(verdictButtons(view, event), edges(view, event));
  });
  view.watched = make("input", { type: "checkbox" });
  view.watched.addEventListener("change", changed);
  place.append(
    make("label", {}, view.watched, " I have watched all of it: nobody falls but where marked"),
    button("Add a missed fall at the player's time", () => addMissed(view)),
  );
  place.hidden = false;
}

function verdictButtons(view, event) {
  const row = make("div", { class: "verdict", role: "group", "aria-label": "your verdict" });
  for (const [word, kind] of [["right", "yes"], ["wrong", "no"]]) {
    const label = word === "right" ? "Right" : "Wrong, no fall";
    const choice = button(label, () => {
      event.verdict = event.verdict === word ? "" : word;
      for (const other of row.children) {
        other.setAttribute("aria-pressed", String(other.dataset.word === event.verdict));
      }
      event.row.classList.toggle("wrong", event.verdict === "wrong");
      event.mark.classList.toggle("wrong", event.verdict === "wrong");
      changed();
    }, { class: `act ${kind}`, "aria-pressed": "false", "data-word": word });
    row.append(choice);
  }
  return row;
}

function edges(view, event) {
  const row = make("div", { class: "edges" });
  for (const edge of ["start", "end"]) {
    const field = make("input", {
      type: "number", min: "0", max: String(view.length), step: "0.1", value: String(event[edge]),
      "aria-label": `${edge} in seconds`, "data-edge": edge,
    });
    const take = (seconds) => {
      event[edge] = rounded(seconds);
      moveMark(view, event);
      changed();
    };
    field.addEventListener("change", () => take(field.valueAsNumber));
    row.append(field, button(`${edge} = player`, () => {
      if (!view.player) return;
      field.value = String(rounded(playedAt(view)));
      take(playedAt(view));
    }));
  }
  return row;
}

function moveMark(view, event) {
  const place = (seconds) => (100 * Math.min(Math.max(seconds || 0, 0), view.length)) / view.length;
  event.mark.style.left = `${place(event.start)}%`;
  event.mark.style.width = `${Math.max(place(event.end) - place(event.start), 0)}%`;
  event.mark.dataset.seek = String(event.start);
  const times = event.row.querySelector(".times");
  const seconds = (value) => (Number.isFinite(value) ? value.toFixed(1) : "?");
  times.textContent = `${seconds(event.start)} s – ${seconds(event.end)} s`;
  const invalid = String(!sensible(view, event));
  for (const field of event.row.querySelectorAll("input")) {
    field.setAttribute("aria-invalid", invalid);
  }
}

function addMissed(view) {
  const now = view.player ? playedAt(view) : 0;
  const start = rounded(Math.max(Math.min(now, view.length - FRESH), 0));
  const event = { start, end: rounded(Math.min(start + FRESH, view.length)) };
  event.verdict = "missed";
  event.score = "";
  event.mark = make("button", { type: "button", class: "mark missed", "aria-label": "missed fall" });
  event.mark.addEventListener("click", (click) => {
    click.stopPropagation();
    seek(view, event.start);
  });
  view.timeline.append(event.mark);
  const text = make("div", {}, make("b", {}, "missed fall"), make("br"));
  text.append(make("span", { class: "times" }), edges(view, event));
  const remove = button("Remove", () => {
    view.events.splice(view.events.indexOf(event), 1);
    event.mark.remove();
    event.row.remove();
    changed();
  });
  event.row = make("li", { class: "event" }, make("div", {}, remove), text);
  view.section.querySelector(".events").append(event.row);
  view.events.push(event);
  moveMark(view, event);
  changed();
}

function sensible(view, event) {
  return event.start >= 0 && event.end > event.start && event.end <= view.length + 0.05;
}

// Why a video cannot be saved yet; empty when it can.
function lacking(view) {
  if (view.events.some((event) => !event.verdict)) return "not judged";
  if (!view.watched.checked) return "not watched";
  if (!view.events.every((event) => sensible(view, event))) return "an event ends before it begins";
  const sorted = [...view.events].sort((a, b) => a.start - b.start);
  const meets = sorted.some((event, i) => i > 0 && event.start < sorted[i - 1].end);
  return meets ? "events overlap" : "";
}

function cell(value) {
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(chosen) {
  const rows = [["path", "start", "end", "label", "group", "score"]];
  for (const view of chosen) {
    // a spreadsheet takes =, +, - and @ in front for a formula, a reader takes ~ for a home
    const path = /^[=+\-@~#\s]/.test(view.path) ? `./${view.path}` : view.path;
    if (!view.events.length) rows.push([path, "", "", "other", path, ""]);
    for (const event of [...view.events].sort((a, b) => a.start - b.start)) {
      rows.push([path, event.start, event.end, event.verdict, path, event.score]);
    }
  }
  return rows.map((row) => row.map(cell).join(",") + "\n").join("");
}

const reviewed = videos.filter((view) => view.section.querySelector(".review"));
const bar = document.getElementById("bar");
const state = make("p", { role: "status" });
const trouble = make("p", { class: "trouble", hidden: "" });
const command = make("code", { class: "command" });

function changed() {
  unsaved = true;
  tell();
}

function tell() {
  const ready = reviewed.filter((view) => !lacking(view)).length;
  const judged = reviewed.flatMap((view) => view.events).filter((event) => event.verdict).length;
  const all = reviewed.reduce((sum, view) => sum + view.events.length, 0);
  state.textContent =
    `Review: ${judged} of ${all} events judged, ${ready} of ${reviewed.length} videos complete.`;
  const bad = reviewed.filter((view) => /overlap|before/.test(lacking(view)));
  trouble.hidden = !bad.length;
  trouble.textContent = bad.map((view) => `${view.path}: ${lacking(view)}.`).join(" ");
}

function save() {
  const chosen = reviewed.filter((view) => !lacking(view));
  if (!chosen.length) {
    trouble.hidden = false;
    trouble.textContent =
      "Nothing to save yet: judge every event of a video, then tick that you have watched all of it.";
    return;
  }
  const file = new Blob([csv(chosen)], { type: "text/csv" });
  const link = make("a", { href: URL.createObjectURL(file), download: "review.csv" });
  document.body.append(link);
  link.click();
  link.remove();
  unsaved = false;
  const left = reviewed.length - chosen.length;
  state.textContent =
    `Saved ${chosen.length} of ${reviewed.length} videos` +
    (left ? `; ${left} left out, not judged or not watched to the end.` : ".");
}

if (reviewed.length) {
  reviewed.forEach(startReview);
  const root = JSON.parse(page.dataset.root);
  const quoted = `'${root.replaceAll("'", "'\\''")}'`;
  command.textContent = `slipdetect train --data review.csv --root ${quoted} --init-from default --out my-model`;
  bar.append(state, button("Save review.csv", save, { class: "act main", id: "save" }), trouble, command);
  bar.hidden = false;
  tell();
  window.addEventListener("beforeunload", (leaving) => {
    if (unsaved) leaving.preventDefault();
  });
}
