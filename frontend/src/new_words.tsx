/** The words: a meter and suggestions for the call to action, and facts that grow line by line. */
import { render } from "preact";
import { form, limits, part } from "./new_form";

const cta = part<HTMLInputElement>("cta");
const meter = part("cta-meter");
const list = part("fact-lines");
const LONG = 24; // letters of a button that are read at a glance
const segments = "Segmenter" in Intl ? new Intl.Segmenter() : null;

/** Letters as people count them. */
export function letters(text: string): number {
  return segments ? [...segments.segment(text)].length : [...text].length;
}

function Meter({ count, most }: { count: number; most: number }) {
  const share = Math.min(1, count / most);
  const state = count >= most ? "full" : count > LONG ? "long" : "";
  return (
    <>
      <svg class={state} viewBox="0 0 60 6" width="60" height="6" aria-hidden="true">
        <rect width="60" height="6" rx="3" class="meter-ground" />
        <rect width={Math.max(count ? 6 : 0, share * 60)} height="6" rx="3" class="meter-bar" />
      </svg>
      <span aria-hidden="true">
        {count} / {most}
      </span>
      <span class="unseen" role="status">
        {count >= most ? `That is the limit of ${most} letters.` : count > LONG ? "Long for a button: a few words read best." : ""}
      </span>
    </>
  );
}

export function measure(): void {
  render(<Meter count={letters(cta.value.trim())} most={cta.maxLength} />, meter);
  for (const one of part("suggestions").querySelectorAll("button")) one.setAttribute("aria-pressed", String(one.textContent === cta.value.trim()));
}

function suggest(): void {
  const words = [...part("ctas").querySelectorAll("option")].map((one) => one.value);
  const place = part("suggestions");
  place.hidden = false;
  meter.hidden = false;
  cta.removeAttribute("list"); // the buttons say the same
  const choose = (text: string) => {
    cta.value = cta.value.trim() === text ? "" : text;
    cta.dispatchEvent(new Event("input", { bubbles: true }));
  };
  render(
    <>
      {words.map((text) => (
        <button key={text} class="suggestion" type="button" aria-pressed="false" onClick={() => choose(text)}>
          {text}
        </button>
      ))}
    </>,
    place,
  );
}

let lines: { key: number; text: string }[] = [];
let last = 0;
const HINTS = ["Ten hours of light", "Folds flat", "Two-year warranty"];

function line(text: string): { key: number; text: string } {
  return { key: ++last, text };
}

function put(texts: string[], focus?: number): void {
  const kept = texts.slice(0, limits.facts);
  lines = kept.map((text, place) => (lines[place]?.text === text ? lines[place] : line(text)));
  drawLines();
  if (focus !== undefined) part<HTMLInputElement>(`fact-${Math.min(focus, lines.length - 1) + 1}`).focus();
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function pasted(event: ClipboardEvent, place: number): void {
  const found = (event.clipboardData?.getData("text/plain") ?? "").split(/\r?\n/).map((one) => one.replace(/^\s*[-*\u2022]\s*/, "").trim());
  const texts = found.filter(Boolean).map((one) => one.slice(0, limits.fact));
  if (texts.length < 2) return;
  event.preventDefault();
  const all = lines.map((one) => one.text);
  all.splice(place, all[place] ? 0 : 1, ...texts);
  put(all, place + texts.length - 1);
}

function drawLines(): void {
  const remove = (place: number) => put(lines.length > 1 ? lines.filter((_, one) => one !== place).map((one) => one.text) : [""], place);
  const add = (place: number) => {
    if (lines.length >= limits.facts) return;
    const texts = lines.map((one) => one.text);
    texts.splice(place + 1, 0, "");
    lines = texts.map((text, index) => lines.find((one) => one.text === text && text) ?? (lines[index]?.text === text ? lines[index] : line(text)));
    drawLines();
    part<HTMLInputElement>(`fact-${place + 2}`).focus();
  };
  render(
    <>
      {lines.map((one, place) => (
        <li key={one.key}>
          <input
            id={`fact-${place + 1}`}
            name="facts"
            maxLength={limits.fact}
            autocomplete="off"
            aria-label={`Fact ${place + 1}`}
            placeholder={HINTS[place] ?? ""}
            value={one.text}
            onInput={(event) => (one.text = event.currentTarget.value)}
            onPaste={(event) => pasted(event, place)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.isComposing) {
                event.preventDefault();
                if (one.text.trim()) add(place);
              } else if (event.key === "Backspace" && !one.text && lines.length > 1) {
                event.preventDefault();
                remove(place > 0 ? place : 0);
                part<HTMLInputElement>(`fact-${Math.max(1, place)}`).focus();
              }
            }}
          />
          {(lines.length > 1 || one.text) && (
            <button class="fact-remove" type="button" aria-label={`Remove fact ${place + 1}`} onClick={() => remove(place)}>
              <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
                <path d="M5 5l10 10M15 5 5 15" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
              </svg>
            </button>
          )}
        </li>
      ))}
      <li>
        <button class="fact-add" type="button" disabled={lines.length >= limits.facts} onClick={() => add(lines.length - 1)}>
          + Add a fact
        </button>
      </li>
    </>,
    list,
  );
}

/** Make the words live; facts of before are put in. */
export function begin(kept: string[] | null): void {
  const there = [...list.querySelectorAll("input")].map((one) => one.value).filter(Boolean);
  const texts = kept ?? there;
  lines = (texts.length ? texts : [""]).map(line);
  list.replaceChildren();
  drawLines();
  suggest();
  measure();
}
