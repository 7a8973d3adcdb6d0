/** The form of a new ad, which is the server's own: its parts, what stands in it, and what that orders. */
import type { Order } from "./new_types";

export function part<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

export const form = part<HTMLFormElement>("maker");
export const limits = JSON.parse(form.dataset["limits"]!) as { facts: number; fact: number; photo: number; cap: number | null };
export const PARTS = ["script_by", "video_by", "cta_by"] as const;

export function choice(name: string): string {
  return form.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value ?? "";
}

export function style(): HTMLInputElement {
  return form.querySelector<HTMLInputElement>('input[name="style"]:checked')!;
}

export function cloud(): boolean {
  return choice("provider") === "cloud";
}

/** Whether the cloud is chosen, and nothing of it is set up here. */
export function keyless(): boolean {
  const parts = PARTS.every((name) => part<HTMLSelectElement>(name).options[0]!.disabled);
  return cloud() && parts && form.querySelector<HTMLInputElement>('input[name="voice_by"][value="elevenlabs"]')!.disabled;
}

export function facts(): string[] {
  return [...form.querySelectorAll<HTMLInputElement>('input[name="facts"]')].map((line) => line.value.trim()).filter(Boolean);
}

type Makers = Pick<Order, "provider" | (typeof PARTS)[number] | "voice_by" | "on_vendor_failure">;

/** Who makes the parts: every one is said, so that what is chosen is what is made. */
function makers(): Makers {
  const voice = choice("voice_by") === "elevenlabs" ? "elevenlabs" : "offline";
  if (!cloud()) return voice === "offline" ? { provider: "offline" } : { provider: "offline", voice_by: voice };
  const chosen = Object.fromEntries(PARTS.map((name) => [name, part<HTMLSelectElement>(name).value]));
  if (voice === "offline" && PARTS.every((name) => chosen[name] === "offline")) return { provider: "offline" };
  const named = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value)) as Partial<Makers>;
  const failing = part<HTMLSelectElement>("on_vendor_failure").value === "offline" ? "offline" : "fail";
  return { provider: "cloud", ...named, voice_by: voice, on_vendor_failure: failing };
}

/** What the form orders; the photo and the cap are others' to say. */
export function order(): Order {
  const say = part<HTMLInputElement>("say").value.trim();
  const brand = choice("brand");
  return {
    product_name: part<HTMLInputElement>("name").value.trim(),
    style: style().value as NonNullable<Order["style"]>,
    cta_text: part<HTMLInputElement>("cta").value.trim(),
    facts: facts(),
    language: part<HTMLSelectElement>("language").value,
    music: choice("music") === "off" ? "off" : "style",
    captions: choice("captions") !== "false",
    draft: part<HTMLInputElement>("draft").checked,
    ...(say ? { say } : {}),
    ...(brand ? { brand: brand === "true" } : {}),
    ...makers(),
  };
}
