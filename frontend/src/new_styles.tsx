/** The cards of the styles: each shows itself in motion when it is looked at. */
import { render } from "preact";
import { form, part, style } from "./new_form";

const KEY = "badapple.samples";
const looks = part("looks");
const said = part("look-said");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const thrifty = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData ?? false;
const films = new WeakMap<HTMLElement, HTMLVideoElement | null>(); // null: there is no sample
let moving = remembered() ?? !(calm.matches || thrifty);
let seen = false; // whether the cards are on the screen

function remembered(): boolean | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === null ? null : kept === "yes";
  } catch {
    return null;
  }
}

function cardOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>(".look") : null;
}

function film(card: HTMLElement): HTMLVideoElement | null {
  const known = films.get(card);
  if (known !== undefined) return known;
  const video = document.createElement("video");
  video.muted = video.loop = video.playsInline = true;
  video.preload = "none";
  video.tabIndex = -1;
  video.setAttribute("aria-hidden", "true");
  video.src = `/api/v1/styles/${encodeURIComponent(card.querySelector("input")!.value)}/sample`;
  video.onplaying = () => card.classList.add("moving");
  video.onerror = () => {
    films.set(card, null); // the still stays
    video.remove();
  };
  card.querySelector(".look-picture")!.append(video);
  films.set(card, video);
  return video;
}

function play(card: HTMLElement | null): void {
  if (card && moving) void film(card)?.play().catch(() => undefined);
}

function rest(card: HTMLElement | null, always = false): void {
  if (!card || (!always && card.querySelector("input")!.checked && seen)) return;
  films.get(card)?.pause();
  card.classList.remove("moving");
}

function all(): HTMLElement[] {
  return [...looks.querySelectorAll<HTMLElement>(".look")];
}

function flip(): void {
  moving = !moving;
  try {
    localStorage.setItem(KEY, moving ? "yes" : "no");
  } catch {
    // it is forgotten then
  }
  if (moving) play(cardOf(style()));
  else for (const card of all()) rest(card, true);
  describe();
}

function describe(): void {
  const words = form.querySelector(`#look-${CSS.escape(style().value)}`)?.textContent ?? "";
  render(
    <>
      <p>{words}</p>
      <button class="button small" type="button" onClick={flip}>
        {moving ? "Pause the samples" : "Play the samples"}
      </button>
    </>,
    said,
  );
}

/** Follow the choice of a style, and what is looked at. */
export function begin(): void {
  said.hidden = false;
  looks.addEventListener("pointerover", (event) => play(cardOf(event.target)));
  looks.addEventListener("pointerout", (event) => {
    const card = cardOf(event.target);
    if (card && !card.contains(event.relatedTarget as Node | null)) rest(card);
  });
  looks.addEventListener("focusin", (event) => play(cardOf(event.target)));
  looks.addEventListener("focusout", (event) => rest(cardOf(event.target)));
  new IntersectionObserver(([entry]) => {
    seen = entry?.isIntersecting ?? false;
    if (seen) play(cardOf(style()));
    else for (const card of all()) rest(card, true);
  }).observe(looks);
  changed();
}

/** Another style was chosen. */
export function changed(): void {
  const chosen = cardOf(style());
  for (const card of all()) if (card !== chosen) rest(card);
  if (seen) play(chosen);
  describe();
}
