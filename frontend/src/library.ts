/** Shelves of ads: they follow what is made, play what is pointed at, and are thrown away several at once. */
import { jobPath, type Link, Refused, send } from "./api";
import { shortcut } from "./keys";
import type { Told } from "./live";
import { toast } from "./toast";

const WEEK = 7 * 24 * 3600;
const POINTED = 180; // milliseconds over a tile before it plays
const STILL = matchMedia("(prefers-reduced-motion: reduce)").matches;

document.body.classList.add("live");

// ---- Ads that are being made -----------------------------------------------------------------------------------------
let source: EventSource | null = null;

function watch(): void {
  source?.close();
  source = null;
  const live = [...document.querySelectorAll<HTMLElement>(".tile[data-live]")].map((tile) => tile.dataset["live"]!);
  if (!live.length) return;
  source = new EventSource(`/api/v1/events?jobs=${live.slice(0, 50).map(encodeURIComponent).join(",")}`);
  source.onmessage = (message: MessageEvent<string>) => {
    const told = JSON.parse(message.data) as Told;
    const tile = tileOf(told.job_id);
    const pill = tile?.querySelector(".pill");
    if (!tile || !pill) return;
    if (["completed", "error", "cancelled"].includes(told.stage)) {
      void renew(told.job_id);
      return;
    }
    pill.textContent = `In progress, ${told.progress}%`;
    pill.className = "pill processing";
    tile.querySelector("progress")?.setAttribute("value", String(told.progress));
  };
  source.addEventListener("end", () => source?.close());
}

function tileOf(id: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`.tile[data-job="${CSS.escape(id)}"]`);
}

/** Take the server's own drawing of a tile; the focus stays where it is. */
async function renew(id: string): Promise<void> {
  const page = await load(location.href);
  const [old, fresh] = [tileOf(id), page?.querySelector<HTMLElement>(`.tile[data-job="${CSS.escape(id)}"]`)];
  if (!old || !fresh) return;
  const picture = fresh.querySelector(".tile-picture");
  if (picture) old.querySelector(".tile-picture")?.replaceWith(picture);
  for (const extra of fresh.querySelectorAll(".tile-pick, .tile-copy")) {
    if (!old.querySelector(`.${extra.classList[0]}`)) old.append(extra);
  }
  delete old.dataset["live"];
  if (fresh.dataset["video"]) old.dataset["video"] = fresh.dataset["video"];
  ready(old);
}

async function load(address: string): Promise<Document | null> {
  const answer = await fetch(address, { cache: "no-store" }).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}

// ---- Tiles that play -------------------------------------------------------------------------------------------------
let due = 0;
let playing: HTMLVideoElement | null = null;

function stop(): void {
  clearTimeout(due);
  if (!playing) return;
  playing.pause();
  playing.removeAttribute("src");
  playing.load();
  playing.remove();
  playing = null;
}

function play(tile: HTMLElement): void {
  stop();
  const address = tile.dataset["video"];
  if (!address || STILL) return;
  due = window.setTimeout(() => {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, loop: true, playsInline: true, src: address });
    video.setAttribute("aria-hidden", "true");
    video.tabIndex = -1;
    video.addEventListener("playing", () => video.classList.add("plays"));
    tile.querySelector(".tile-picture")?.append(video);
    playing = video;
    void video.play().catch(() => undefined);
  }, POINTED);
}

function ready(tile: HTMLElement): void {
  const copy = tile.querySelector<HTMLButtonElement>(".tile-copy");
  if (copy) copy.hidden = false;
}

function wire(shelf: HTMLElement): void {
  const tile = (event: Event) => (event.target as HTMLElement).closest<HTMLElement>(".tile");
  shelf.addEventListener("pointerover", (event) => {
    const one = tile(event);
    if (event.pointerType === "mouse" && one && !one.contains(event.relatedTarget as Node | null)) play(one);
  });
  shelf.addEventListener("pointerout", (event) => {
    const one = tile(event);
    if (one && !one.contains(event.relatedTarget as Node | null)) stop();
  });
  shelf.addEventListener("focusin", (event) => {
    const one = tile(event);
    if (one && (event.target as HTMLElement).matches(":focus-visible") && !one.contains(event.relatedTarget as Node | null)) play(one);
  });
  shelf.addEventListener("focusout", (event) => {
    if (!tile(event)?.contains(event.relatedTarget as Node | null)) stop();
  });
  shelf.addEventListener("click", (event) => {
    const copy = (event.target as HTMLElement).closest<HTMLElement>("[data-copy]");
    if (copy) void share(copy.dataset["copy"]!);
  });
  for (const one of shelf.querySelectorAll<HTMLElement>(".tile")) ready(one);
}
for (const shelf of document.querySelectorAll<HTMLElement>(".shelf")) wire(shelf);

async function share(id: string): Promise<void> {
  try {
    const made = await send<Link>("POST", jobPath(id, "/links"), { page: true, expires_in: WEEK });
    await navigator.clipboard.writeText(made.url);
    toast("Link copied. It works for a week.");
  } catch (error) {
    toast(error instanceof Refused ? error.problem.detail : "The link could not be copied. Open the ad to see it.");
  }
}

// ---- Several at once -------------------------------------------------------------------------------------------------
const form = document.getElementById("picked") as HTMLFormElement | null;
const words = document.getElementById("picked-words");

function picked(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>('.tile-pick input:checked')];
}

function count(): void {
  const many = picked().length;
  if (!form || !words) return;
  document.body.classList.toggle("picking", many > 0);
  form.hidden = many === 0;
  words.textContent = `${many} ${many === 1 ? "ad" : "ads"} selected`;
}

function clear(): void {
  for (const one of picked()) one.checked = false;
  count();
}

function ask(boxes: HTMLInputElement[]): void {
  const many = boxes.length;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "sure-title");
  const body = document.createElement("form");
  body.method = "dialog";
  body.className = "dialog-body";
  const title = Object.assign(document.createElement("h2"), { id: "sure-title", textContent: many === 1 ? "Delete this ad?" : `Delete ${many} ads?` });
  const told = Object.assign(document.createElement("p"), { className: "quiet", textContent: "This removes the video, its parts and its history. It cannot be undone." });
  const buttons = Object.assign(document.createElement("p"), { className: "actions" });
  const yes = Object.assign(document.createElement("button"), { className: "button solid-danger", value: "yes", textContent: "Delete forever" });
  const no = Object.assign(document.createElement("button"), { className: "button", value: "no", textContent: many === 1 ? "Keep it" : "Keep them" });
  buttons.append(yes, no);
  body.append(title, told, buttons);
  dialog.append(body);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue === "yes") void remove(boxes);
  });
  dialog.showModal();
  no.focus(); // not `autofocus`: browsers complain of it where something has the focus
}

async function remove(boxes: HTMLInputElement[]): Promise<void> {
  const kept: string[] = [];
  let gone = 0;
  for (const box of boxes) {
    const tile = box.closest<HTMLElement>(".tile");
    try {
      await send("DELETE", jobPath(box.value));
      tile?.remove();
      gone += 1;
    } catch (error) {
      const name = tile?.querySelector(".tile-name")?.textContent ?? box.value;
      kept.push(`${name}: ${error instanceof Refused ? error.problem.detail : "the server did not answer"}`);
      box.checked = false;
    }
  }
  count();
  if (gone) toast(`${gone} ${gone === 1 ? "ad" : "ads"} deleted.`);
  refused(kept);
  if (!document.querySelector(".tile")) location.reload();
  else document.getElementById("main")?.focus();
}

function refused(kept: string[]): void {
  document.getElementById("kept")?.remove();
  if (!kept.length) return;
  const alert = Object.assign(document.createElement("div"), { id: "kept", className: "alert" });
  alert.setAttribute("role", "alert");
  const title = document.createElement("h2");
  title.textContent = kept.length === 1 ? "One ad was not deleted" : `${kept.length} ads were not deleted`;
  const list = document.createElement("ul");
  for (const one of kept) list.append(Object.assign(document.createElement("li"), { textContent: one }));
  alert.append(title, list);
  document.getElementById("results")?.before(alert);
}

if (form) {
  form.hidden = true;
  const drop = document.createElement("button");
  Object.assign(drop, { type: "button", className: "button", textContent: "Clear" });
  drop.addEventListener("click", clear);
  form.append(drop);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const boxes = picked();
    if (boxes.length) ask(boxes);
  });
  document.addEventListener("change", (event) => {
    if ((event.target as HTMLElement).closest(".tile-pick")) count();
  });
  count();
}

// ---- Search and more -------------------------------------------------------------------------------------------------
const search = document.querySelector<HTMLFormElement>(".search");
const TYPED = 300; // milliseconds without a key before it is searched
let asked = 0;

/** Show what is found in place of the shelf; the focus stays in the field. */
async function seek(form: HTMLFormElement): Promise<void> {
  const mine = ++asked;
  const wanted = [...new FormData(form)].filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[1].trim() !== "");
  const address = wanted.length ? `/library?${new URLSearchParams(wanted)}` : "/library";
  const page = await load(address);
  if (mine !== asked) return;
  const [old, fresh] = [document.getElementById("results"), page?.getElementById("results")];
  if (!old || !fresh) return location.assign(address);
  stop();
  old.replaceWith(fresh);
  history.replaceState(null, "", address);
  for (const shelf of fresh.querySelectorAll<HTMLElement>(".shelf")) wire(shelf);
  count();
  watch();
  const many = fresh.querySelectorAll(".tile").length;
  found.textContent = many ? `${many} ${many === 1 ? "ad" : "ads"} found` : "No matches";
}

const found = Object.assign(document.createElement("p"), { className: "unseen" });
found.setAttribute("role", "status");
if (search) {
  search.append(found);
  let typed = 0;
  const soon = (wait: number) => {
    clearTimeout(typed);
    typed = window.setTimeout(() => void seek(search), wait);
  };
  for (const one of search.querySelectorAll("select")) one.addEventListener("change", () => soon(0));
  search.querySelector("#q")?.addEventListener("input", () => soon(TYPED));
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    soon(0);
  });
  shortcut("/", "Search", () => search.querySelector<HTMLInputElement>("#q")?.focus(), { group: "Library" });
}

document.addEventListener("click", (event) => {
  const more = (event.target as HTMLElement).closest<HTMLAnchorElement>("#more");
  if (!more || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  void append(more);
});

async function append(more: HTMLAnchorElement): Promise<void> {
  if (more.getAttribute("aria-busy") === "true") return;
  more.setAttribute("aria-busy", "true");
  const page = await load(more.href);
  const shelf = document.getElementById("shelf");
  if (!page || !shelf) {
    location.assign(more.href);
    return;
  }
  const fresh = [...page.querySelectorAll<HTMLElement>("#shelf > .tile")];
  const added = fresh.filter((tile) => !tileOf(tile.dataset["job"]!)); // lists move while they are read
  shelf.append(...added);
  added.forEach(ready);
  const next = page.querySelector<HTMLAnchorElement>("#more");
  if (next) more.href = next.href;
  else more.remove();
  more.removeAttribute("aria-busy");
  added[0]?.querySelector<HTMLElement>("a")?.focus({ preventScroll: true });
  watch();
}

watch();
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) watch();
});
