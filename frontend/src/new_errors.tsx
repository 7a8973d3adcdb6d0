/** What is wrong with the form: beside its fields, and in a summary that takes the focus. */
import { render } from "preact";
import { form, part } from "./new_form";
import type { Problem } from "./new_types";
import { advice, money } from "./words";

export interface Fault {
  /** Name of a field, or empty. */
  field: string;
  said: string;
}

interface Told {
  title: string;
  faults: Fault[];
  hint?: string;
  cost: string;
}

/** Field -> where people go to mend it. */
const PLACES: Record<string, string> = {
  product_image: "photo", upload_id: "photo", image_url: "photo", product_name: "name", facts: "fact-1", style: "looks", cta_text: "cta",
  voice_by: "voices", max_cost_usd: "cap", language: "language", say: "say", script_by: "script_by", video_by: "video_by", cta_by: "cta_by",
}; // prettier-ignore
const SPOTS: Record<string, string> = { upload_id: "product_image", image_url: "product_image" };
const summary = part("summary");

function mark(field: string, said: string): void {
  const spot = document.getElementById(`${SPOTS[field] ?? field}-wrong`);
  if (!spot) return;
  spot.textContent = said;
  spot.hidden = said === "";
  const input = document.getElementById(PLACES[field] ?? "");
  if (!(input instanceof HTMLInputElement || input instanceof HTMLSelectElement)) return;
  const about = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== spot.id);
  if (said) about.push(spot.id);
  if (about.length) input.setAttribute("aria-describedby", about.join(" "));
  else input.removeAttribute("aria-describedby");
  if (said) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function Summary({ title, faults, hint, cost }: Told) {
  const go = (event: MouseEvent, place: string) => {
    event.preventDefault();
    const found = document.getElementById(place);
    found?.closest("details")?.setAttribute("open", "");
    const to = found?.matches("input, select, button") ? found : (found?.querySelector<HTMLElement>("input:checked, input, button") ?? found);
    to?.focus();
    found?.scrollIntoView({ block: "center" });
  };
  return (
    <>
      <h2>{title}</h2>
      {faults.length > 0 && (
        <ul>
          {faults.map(({ field, said }) => (
            <li key={field + said}>
              {PLACES[field] ? (
                <a href={`#${PLACES[field]}`} onClick={(event) => go(event, PLACES[field]!)}>
                  {said}
                </a>
              ) : (
                said
              )}
            </li>
          ))}
        </ul>
      )}
      {hint && <p>{hint}</p>}
      <p class="quiet">{cost}</p>
    </>
  );
}

export function clear(field?: string): void {
  if (field !== undefined) return mark(field, "");
  for (const one of Object.keys(PLACES)) mark(one, "");
  summary.hidden = true;
}

export function tell(told: Told): void {
  clear();
  for (const { field, said } of told.faults) mark(field, said);
  summary.replaceChildren();
  render(null, summary);
  render(<Summary {...told} />, summary);
  summary.hidden = false;
  summary.focus({ preventScroll: true });
  summary.scrollIntoView({ block: "center" });
}

/** Tell what the API refused. */
export function refused(problem: Partial<Problem> & { title: string; detail: string; hint: string }): void {
  const named = (problem.errors ?? []).map((one) => ({ field: one.pointer.replace(/^\//, "").split("/")[0] ?? "", said: advice(one.detail) }));
  const faults = named.length ? named : [{ field: "", said: advice(problem.detail) }];
  const charged = problem.charged_usd ? `It cost ${money(problem.charged_usd)}.` : "Nothing was charged.";
  const possibly = problem.possibly_charged_usd ? ` Vendors may still charge ${money(problem.possibly_charged_usd)}.` : "";
  const hint = named.length ? "" : advice(problem.hint); // the fields say it themselves
  tell({ title: problem.title, faults, hint, cost: `${charged}${possibly} Everything you typed is still here.` });
}

form.noValidate = true; // the page says it in its own words
