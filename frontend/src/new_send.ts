/** The order is sent: checked first, the photo waited for, and never twice. */
import { Once } from "./api";
import { allowed, capWrong, paid, priced, promise } from "./new_money";
import { type Fault, clear, refused, tell } from "./new_errors";
import { form, keyless, order, part } from "./new_form";
import { forget } from "./new_memory";
import { photo, refuse, settled } from "./new_photo";
import type { Order, Problem } from "./new_types";

const go = part<HTMLButtonElement>("go");
const once = new Once();

function faults(): Fault[] {
  const found: Fault[] = [];
  const state = photo();
  if (state.kind === "failed") found.push({ field: "product_image", said: state.said });
  if (!order().product_name) found.push({ field: "product_name", said: "Give your product a name." });
  const spoken = part<HTMLSelectElement>("language").selectedOptions[0]!;
  const wanted = order();
  const hosted = wanted.provider === "cloud" && wanted.script_by !== "offline" && wanted.voice_by === "elevenlabs";
  if (!hosted && !spoken.dataset["by"]?.split(" ").includes("offline"))
    found.push({ field: "language", said: `${spoken.textContent} needs Claude to write and ElevenLabs to speak. Choose both, or English.` });
  const cap = capWrong();
  if (cap) found.push({ field: "max_cost_usd", said: cap });
  return found;
}

function busy(words: string | null): void {
  if (words === null) delete go.dataset["busy"];
  else go.dataset["busy"] = "yes";
  go.setAttribute("aria-busy", String(words !== null));
  go.textContent = words ?? promise();
}

async function post(wanted: Order): Promise<void> {
  const body = JSON.stringify(wanted);
  const headers = { "content-type": "application/json", ...once.headers(wanted) };
  const answer = await fetch("/api/v1/videos/generate", { method: "POST", body, headers });
  const said = (await answer.json().catch(() => ({}))) as Partial<Problem> & { job_id?: string };
  if (answer.ok && said.job_id) {
    forget();
    once.done();
    location.assign(`/ads/${encodeURIComponent(said.job_id)}`);
    return;
  }
  const usual = { title: "Your ad was not started", detail: `The server answered ${answer.status}.`, hint: "" };
  if (said.code === "not_found" && wanted.upload_id) {
    refuse("The photo has expired. Choose it again.");
    tell({ title: "The photo has expired", faults: [{ field: "product_image", said: "Choose the photo again." }], cost: "Nothing was charged." });
  } else refused({ ...usual, ...said } as Parameters<typeof refused>[0]);
  busy(null);
}

async function submit(): Promise<void> {
  if (go.dataset["busy"] || go.disabled) return;
  clear();
  if (keyless()) return location.assign("/settings#keys");
  busy("One moment...");
  try {
    if (paid()) await priced();
    const found = faults();
    if (found.length) {
      tell({ title: found.length > 1 ? `${found.length} things to fix first` : "One thing to fix first", faults: found, cost: "Nothing was started or charged." });
      return busy(null);
    }
    const id = await settled((share) => busy(share < 1 ? `Uploading the photo, ${Math.round(share * 100)}%...` : "Saving the photo..."));
    busy("Starting...");
    const most = allowed();
    const approval = part<HTMLInputElement>("approval").checked;
    await post({ ...order(), approval, ...(id ? { upload_id: id } : {}), ...(paid() && most !== null ? { max_cost_usd: most } : {}) });
  } catch (error) {
    const lost = error instanceof TypeError; // fetch: there was no answer
    const said = lost ? "The server did not answer. Press the button again; you will not get the same ad twice." : (error as Error).message;
    tell({ title: "Your ad was not sent", faults: [{ field: lost ? "" : "product_image", said }], cost: "Everything you typed is still here." });
    busy(null);
  }
}

export function begin(): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  window.addEventListener("pageshow", (event) => event.persisted && busy(null));
}
