/** What was typed is still there when somebody comes back to the page; it lives as long as the tab. */
import { form, limits } from "./new_form";

const KEY = "badapple.new";

interface Kept {
  fields: Record<string, string>;
  facts: string[];
  upload: string | null;
}

type Control = HTMLInputElement | HTMLSelectElement;

function controls(): Control[] {
  return [...form.querySelectorAll<Control>("input[name]:not([type=file], [type=hidden]), select[name]")].filter((one) => one.name !== "facts");
}

function shelf(): Storage | null {
  try {
    return sessionStorage; // a browser may forbid it
  } catch {
    return null;
  }
}

let closed = false; // what was sent, or given up, is not kept by the page that is going

export function keep(facts: string[], upload: string | null): void {
  if (closed) return;
  const fields: Record<string, string> = {};
  for (const one of controls()) {
    if (one.type === "checkbox") fields[one.name] = (one as HTMLInputElement).checked ? "yes" : "";
    else if (one.type !== "radio" || (one as HTMLInputElement).checked) fields[one.name] = one.value;
  }
  try {
    shelf()?.setItem(KEY, JSON.stringify({ fields, facts, upload } satisfies Kept));
  } catch {
    // full: the page works without
  }
}

export function forget(): void {
  closed = true;
  shelf()?.removeItem(KEY);
}

/** Fill the form in as it was left; null where nothing was. */
export function recall(): Kept | null {
  try {
    const kept = JSON.parse(shelf()?.getItem(KEY) ?? "null") as Kept | null;
    if (!kept || typeof kept.fields !== "object") return null;
    for (const one of controls()) {
      const value = kept.fields[one.name];
      if (value === undefined) continue;
      if (one.type === "checkbox") (one as HTMLInputElement).checked = value === "yes";
      else if (one.type === "radio") (one as HTMLInputElement).checked = one.value === value && !one.disabled;
      else if (one instanceof HTMLInputElement || [...one.options].some((option) => option.value === value && !option.disabled)) one.value = value;
    }
    for (const name of ["style", "voice_by", "provider"]) {
      const group = [...form.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)]; // what was chosen may be gone
      if (!group.some((one) => one.checked)) (group.find((one) => one.defaultChecked) ?? group[0])!.checked = true;
    }
    return { fields: kept.fields, facts: kept.facts.slice(0, limits.facts), upload: kept.upload };
  } catch {
    return null;
  }
}

window.addEventListener("pageshow", (event) => {
  if (event.persisted) closed = false;
});
