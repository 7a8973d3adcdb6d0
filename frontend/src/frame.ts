/** What every page has: its theme, its shortcuts, its menu. */
import { help, shortcut } from "./keys";
import "./theme";

const signed = document.querySelector(".nav");

shortcut("?", "Show these shortcuts", help, { group: "Everywhere" });
if (signed) {
  shortcut("l", "Library", () => location.assign("/library"), { group: "Everywhere" });
  shortcut("n", "New ad", fresh, { group: "Everywhere" });
}

function fresh(): void {
  const name = location.pathname === "/" ? document.getElementById("name") : null;
  if (name) name.focus();
  else location.assign("/");
}

const menu = document.getElementById("menu") as HTMLDetailsElement | null;
const keys = document.getElementById("keys");
if (menu) {
  document.addEventListener("click", (event) => {
    if (menu.open && !menu.contains(event.target as Node)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget as Node)) menu.open = false;
  });
}
if (keys) {
  keys.hidden = false;
  keys.addEventListener("click", () => {
    if (menu) menu.open = false;
    help();
  });
}
