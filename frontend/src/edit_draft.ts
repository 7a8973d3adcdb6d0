/** An ad's words and choices while somebody changes them, and what is different in the end. */
import type { EditRequest, Job, Scene } from "./api";

export type Framing = Scene["framing"];
export const FRAMINGS: readonly (readonly [Framing, string])[] = [
  ["auto", "Auto"],
  ["wide", "Wide"],
  ["close", "Close"],
  ["left", "Left"],
  ["right", "Right"],
];

export interface SceneDraft {
  id: number;
  headline: string;
  subline: string;
  voiceover_text: string;
  prompt: string;
  framing: Framing;
}

export interface Draft {
  scenes: SceneDraft[]; // in the order in which they are played
  cta_text: string;
  cta_line: string;
  cta_voiceover: string;
  captions: boolean;
  music: "style" | "off";
  voice_by: string; // empty where nobody chose
  style: string;
}

export function draftOf(job: Job): Draft {
  const makers = (job.options["makers"] ?? {}) as { voice_by?: string | null };
  return {
    scenes: job.scenes.map(sceneOf),
    cta_text: job.end_card.cta,
    cta_line: job.end_card.line,
    cta_voiceover: job.end_card.voiceover,
    captions: job.options["captions"] !== false,
    music: job.options["music"] === "off" ? "off" : "style",
    voice_by: makers.voice_by ?? "",
    style: job.style,
  };
}

function sceneOf(scene: Scene): SceneDraft {
  const { id, headline, subline, voiceover_text, prompt, framing } = scene;
  return { id, headline, subline, voiceover_text, prompt, framing };
}

const WORDS = ["headline", "subline", "voiceover_text", "prompt", "framing"] as const;
const WHOLE = ["cta_text", "cta_line", "cta_voiceover", "captions", "music", "voice_by", "style"] as const;

/** What the API is asked for: only what differs; null where nothing does. */
export function editOf(before: Draft, now: Draft): EditRequest | null {
  const edit: Record<string, unknown> = {};
  const scenes = now.scenes.flatMap((scene) => {
    const old = before.scenes.find((one) => one.id === scene.id)!;
    const changed = WORDS.filter((name) => scene[name].trim() !== old[name]);
    return changed.length ? [{ id: scene.id, ...Object.fromEntries(changed.map((name) => [name, scene[name].trim()])) }] : [];
  });
  if (scenes.length) edit["scenes"] = scenes;
  const order = now.scenes.map((one) => one.id);
  if (order.some((id, place) => before.scenes[place]!.id !== id)) edit["order"] = order;
  for (const name of WHOLE) {
    const value = now[name];
    const plain = typeof value === "string" ? value.trim() : value;
    if (plain !== before[name]) edit[name] = plain;
  }
  return Object.keys(edit).length ? (edit as EditRequest) : null;
}

/** The script with the words of a draft, as `PUT /script` takes it. */
export function scriptOf(job: Job, now: Draft): Record<string, unknown> {
  const old = (job.script?.["scenes"] ?? []) as Record<string, unknown>[];
  const scenes = old.map((scene) => {
    const one = now.scenes.find((draft) => draft.id === scene["id"]);
    return one ? { ...scene, headline: one.headline.trim(), subline: one.subline.trim(), voiceover_text: one.voiceover_text.trim(), video_prompt_template: one.prompt.trim() } : scene;
  });
  const spoken = now.cta_voiceover.trim() !== job.end_card.voiceover || now.cta_text.trim() === job.end_card.cta ? now.cta_voiceover.trim() : undefined;
  return {
    ...job.script,
    scenes,
    cta: now.cta_text.trim(),
    cta_line: now.cta_line.trim(),
    cta_voiceover: spoken,
    order: now.scenes.map((one) => one.id),
  };
}

/** What an edit makes anew, for people: the rest is found again and costs nothing. */
export function remade(edit: EditRequest, now: Draft): string {
  const place = (id: number) => now.scenes.findIndex((one) => one.id === id) + 1;
  const parts: string[] = [];
  if (edit.style) parts.push("every picture");
  if (edit.voice_by) parts.push("every voice");
  for (const one of edit.scenes ?? []) {
    const said = one.voiceover_text !== undefined && !edit.voice_by;
    const seen = Object.keys(one).some((name) => !["id", "voiceover_text"].includes(name)) && !edit.style;
    if (said && seen) parts.push(`scene ${place(one.id)} and its voice`);
    else if (said) parts.push(`the voice of scene ${place(one.id)}`);
    else if (seen) parts.push(`scene ${place(one.id)}`);
  }
  if (edit.order) parts.push("the order");
  if (edit.cta_text !== undefined || edit.cta_line !== undefined) parts.push("the end card");
  else if (edit.cta_voiceover !== undefined) parts.push("the closing line");
  if (edit.captions !== undefined) parts.push("the captions");
  if (edit.music) parts.push("the music");
  parts.push("the final cut");
  return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

const KEEP = "badapple-edit:";

/** What was typed stays in this tab until it is sent or thrown away; null where nothing was. */
export function keptDraft(job: Job): Draft | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEEP + job.job_id) ?? "null") as { of: string; draft: Draft } | null;
    return found && found.of === JSON.stringify(draftOf(job)) ? found.draft : null;
  } catch {
    return null;
  }
}

export function keepDraft(job: Job, draft: Draft | null): void {
  try {
    if (draft) sessionStorage.setItem(KEEP + job.job_id, JSON.stringify({ of: JSON.stringify(draftOf(job)), draft }));
    else sessionStorage.removeItem(KEEP + job.job_id);
  } catch {
    // a browser that keeps nothing: the page itself still has it
  }
}
