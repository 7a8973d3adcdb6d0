/** Shortcuts: one list for all pages, told by `?`, never heard where somebody types. */

interface Shortcut {
  key: string;
  words: string;
  act: () => void;
  group: string;
}

const SHOWN: Record<string, string> = { space: "Space", Escape: "Esc", ArrowLeft: "\u2190", ArrowRight: "\u2192" };
const known: Shortcut[] = [];

/** Add a shortcut; returns what takes it away again. A later one of the same key goes first. */
export function shortcut(key: string, words: string, act: () => void, { group = "Here" } = {}): () => void {
  const one = { key, words, act, group };
  known.unshift(one);
  return () => {
    const place = known.indexOf(one);
    if (place >= 0) known.splice(place, 1);
  };
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("select, textarea, dialog[open]")) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "range"].includes(target.type);
}

/** What the browser itself does with a key where the focus is. */
function own(target: EventTarget | null, key: string): boolean {
  return key === "space" && target instanceof HTMLElement && !!target.closest("button, a, summary, input, video, audio, label");
}

function heard(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  const key = event.key === " " ? "space" : event.key;
  if (typing(event.target) || own(event.target, key) || document.querySelector("dialog[open]")) return;
  const found = known.find((one) => one.key === key);
  if (!found) return;
  event.preventDefault();
  found.act();
}

let dialog: HTMLDialogElement | null = null;

/** Show all shortcuts of this page. */
export function help(): void {
  dialog?.remove();
  dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "keys-title");
  const body = document.createElement("form");
  body.method = "dialog";
  body.className = "dialog-body";
  body.append(element("h2", "Keyboard shortcuts", "keys-title"));
  const groups = new Map<string, Shortcut[]>();
  const seen = new Set<string>();
  for (const one of known) {
    if (seen.has(one.key)) continue;
    seen.add(one.key);
    groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  }
  for (const [group, ones] of groups) {
    const list = document.createElement("dl");
    list.className = "shortcuts";
    for (const one of [...ones].reverse()) {
      const row = document.createElement("div");
      const key = document.createElement("dd");
      key.append(element("kbd", SHOWN[one.key] ?? one.key.toUpperCase()));
      row.append(element("dt", one.words), key);
      list.append(row);
    }
    body.append(element("h3", group), list);
  }
  const close = element("button", "Close") as HTMLButtonElement;
  close.className = "button";
  body.append(close);
  dialog.append(body);
  document.body.append(dialog);
  light(dialog);
  dialog.showModal();
}

/** Close a dialog when somebody presses beside it. */
export function light(one: HTMLDialogElement): void {
  one.addEventListener("click", (event) => {
    if (event.target !== one) return;
    const { left, right, top, bottom } = one.getBoundingClientRect();
    if (event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom) one.close();
  });
}

function element(tag: string, text: string, id = ""): HTMLElement {
  const one = document.createElement(tag);
  one.textContent = text;
  if (id) one.id = id;
  return one;
}

document.addEventListener("keydown", heard);
