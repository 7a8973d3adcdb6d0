/** What it costs and how long it takes, asked for whenever that may have changed; and what the button says. */
import { render } from "preact";
import { type Estimate, Refused, send } from "./api";
import { cloud, form, keyless, limits, order, part, PARTS } from "./new_form";
import { Deal } from "./new_deal";
import { uploaded } from "./new_photo";
import type { Order } from "./new_types";
import { advised, enough, leaving, money, span } from "./words";

export interface Price {
  found: Estimate | null;
  /** Why there is no price. */
  said: string;
  /** Whether it is being asked for. */
  busy: boolean;
}

const PAUSE = 450; // milliseconds without a key before the price is asked for
const PLACES: Record<string, string> = { script: "script_by", scenes: "video_by", "end card": "cta_by" };
const go = part<HTMLButtonElement>("go");
const cap = part<HTMLInputElement>("cap");
const known = new Map<string, Estimate>();
let price: Price = { found: null, said: "", busy: false };
let touched = cap.value !== "";
let asked = 0;
let due = 0;

/** Whether the order as it stands buys anything. */
export function paid(): boolean {
  return !keyless() && order().provider === "cloud" ? true : order().voice_by === "elevenlabs";
}

/** What it may cost, in dollars; null where nothing is said. */
export function allowed(): number | null {
  return cap.value.trim() === "" || !Number.isFinite(cap.valueAsNumber) ? null : cap.valueAsNumber;
}

/** What is wrong with the cap, or nothing. */
export function capWrong(): string {
  if (!paid()) return "";
  const most = allowed();
  if (most === null) return "Set a spending limit.";
  if (price.found && price.found.estimate_usd > most + 1e-9) return `This costs about ${money(price.found.estimate_usd)}: allow at least that.`;
  if (limits.cap !== null && most > limits.cap) return `This server allows up to ${money(limits.cap)} per ad.`;
  return "";
}

function question(): Order {
  const asking = { ...order(), product_name: order().product_name || "Product" };
  delete asking.approval;
  const id = uploaded();
  if (keyless()) for (const name of [...PARTS, "voice_by"] as const) delete asking[name];
  if (keyless()) asking.provider = "cloud";
  // Offline it is free whatever the words are: they need no new answer.
  const free = asking.provider === "offline" && !asking.voice_by;
  if (free) return { product_name: "Product", style: asking.style ?? "minimal", draft: asking.draft ?? false, provider: "offline" };
  return { ...asking, ...(id ? { upload_id: id } : {}) };
}

async function ask(): Promise<void> {
  const mine = ++asked;
  const wanted = question();
  const key = JSON.stringify(wanted);
  try {
    const found = known.get(key) ?? (await send<Estimate>("POST", "/estimate", wanted));
    known.set(key, found);
    if (mine === asked) price = { found, said: "", busy: false };
  } catch (error) {
    const said = error instanceof Refused ? advised(error.problem) : "The price could not be checked. We check again when you press the button.";
    if (mine === asked) price = { found: null, said, busy: false };
  }
  if (mine === asked) draw();
}

/** Something changed that may change the price. */
export function changed(): void {
  const key = JSON.stringify(question());
  const there = known.get(key);
  clearTimeout(due);
  asked += 1;
  price = { found: there ?? (paid() || keyless() ? price.found : null), said: "", busy: !there };
  if (!there) due = window.setTimeout(() => void ask(), PAUSE);
  draw();
}

/** The price, once it is known; null where it cannot be. */
export async function priced(): Promise<Estimate | null> {
  if (price.busy || (!price.found && paid())) {
    clearTimeout(due);
    await ask();
  }
  while (price.busy) await new Promise((resolve) => setTimeout(resolve, 100));
  return price.found;
}

/** The words of the button: what it does, and what that costs. */
export function promise(): string {
  const draft = part<HTMLInputElement>("draft").checked;
  const script = part<HTMLInputElement>("approval").checked;
  const does = script ? "Write the script" : `Make the ${draft ? "draft" : "ad"}`;
  if (keyless()) return "Add keys to use the cloud";
  if (!paid()) return `${does}, free`;
  if (!price.found || price.busy) return `${does}, checking the price...`;
  const most = allowed();
  const about = price.found.estimate_usd > 0 ? `about ${money(price.found.estimate_usd)}` : "already paid";
  return `${does}, ${script ? "in total " : ""}${about}${most === null ? "" : `, at most ${money(most)}`}`;
}

function expected(): string {
  if (price.found) return span(price.found.estimated_seconds);
  const draft = part<HTMLInputElement>("draft").checked;
  return paid() || keyless() ? "..." : span(Number(form.dataset[draft ? "draftSeconds" : "seconds"]));
}

function lines(): void {
  for (const [name, id] of Object.entries(PLACES)) {
    const line = cloud() ? price.found?.parts.find((one) => one.part === name) : undefined;
    part(`${id}-price`).textContent = line ? money(line.estimate_usd) : "";
  }
  const voices = price.found?.parts.find((one) => one.part === "voices");
  part("voice-price").textContent = voices ? money(voices.estimate_usd) : "paid";
  if (cloud() && price.found) card(price.found);
  const draft = part<HTMLInputElement>("draft").checked;
  part("time-offline").textContent = `in ${span(Number(form.dataset[draft ? "draftSeconds" : "seconds"]))}`;
}

function card(found: Estimate): void {
  part("price-cloud").textContent = found.estimate_usd ? `About ${money(found.estimate_usd)}` : "Free";
  part("time-cloud").textContent = `in ${span(found.estimated_seconds)}`;
}

/** Say on the cloud's card what it would cost before it is chosen. */
async function compare(): Promise<void> {
  if (cloud()) return;
  const found = await send<Estimate>("POST", "/estimate", { product_name: "Product", style: order().style, provider: "cloud" }).catch(() => null);
  if (found && !cloud()) card(found);
}

function leaves(): string {
  if (keyless()) return "Nothing is spent yet. What you typed stays here while you add keys.";
  return leaving(paid(), price.found?.sees);
}

export function draw(): void {
  const buys = paid();
  if (buys && !touched && price.found && !price.busy) {
    const most = enough(price.found.at_most_usd);
    cap.value = (limits.cap === null ? most : Math.min(most, limits.cap)).toFixed(2);
  }
  part("cap-field").hidden = !buys;
  part("parts").hidden = !cloud() || keyless();
  part("cloud-missing").hidden = !cloud() || !part("cloud-missing").classList.contains("missing");
  lines();
  render(<Deal price={price} paid={buys || keyless()} most={buys ? allowed() : null} seconds={expected()} />, part("deal"));
  part("order-said").textContent = leaves();
  if (!go.dataset["busy"]) go.textContent = promise();
}

export function begin(): void {
  cap.addEventListener("input", () => {
    touched = cap.value !== "";
    draw();
  });
  part("deal").replaceChildren(); // from here on it is drawn here
  changed();
  window.setTimeout(() => void compare(), 1500);
}
