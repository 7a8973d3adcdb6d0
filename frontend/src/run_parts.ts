/** Parts of an ad as pages need them. */
import { fileOf, type Job, jobPath, local, type Part, type Scene } from "./api";

const PAUSE = 3000; // milliseconds between two stages that still are work

export function isLive(job: Job): boolean {
  return job.status === "pending" || job.status === "processing";
}

export function fileIn(part: Part | undefined): string | null {
  const file = part?.files[0];
  return file ? local(file.url) : null;
}

/** The clip of a scene: as it is in the film, else as it was bought. */
export function clipOf(scene: Scene): string | null {
  return fileIn(scene.assets["segment"]) ?? fileIn(scene.assets["footage"]);
}

/** A still of a scene, drawn at once when its words are known; the address changes when the scene does. */
export function stillOf(job: Job, scene: Scene): string | null {
  if (!job.script) return null;
  const seen = `${scene.headline}|${scene.subline}|${scene.points.join("|")}|${scene.take}|${scene.position}|${clipOf(scene) ?? ""}`;
  let hash = 7;
  for (const char of seen) hash = (hash * 31 + char.codePointAt(0)!) >>> 0;
  return `/api/v1${jobPath(job.job_id, `/scenes/${scene.id}/still`)}?v=${hash.toString(36)}`;
}

export function posterOf(id: string): string {
  return fileOf(id, "poster");
}

export function filmOf(id: string): string {
  return fileOf(id, "video");
}

/** A moment of the film: the second that a scene is wholly on screen from. */
export interface Chapter {
  id: number; // of the scene, 5 for the end card
  name: string;
  start: number;
  seconds: number;
}

/** The film scene by scene; empty while there is no script. */
export function chapters(job: Job): Chapter[] {
  const all = [
    ...job.scenes.map((scene) => ({ id: scene.id, name: scene.headline || `Scene ${scene.position}`, start: scene.start, seconds: scene.duration })),
    { id: 5, name: job.end_card.cta || "End card", start: job.end_card.start, seconds: job.end_card.duration },
  ];
  return all.flatMap((one) => (one.start == null || one.seconds == null ? [] : [{ ...one, start: one.start, seconds: one.seconds }]));
}

/** Which chapter a second lies in. */
export function chapterAt(list: readonly Chapter[], second: number): number {
  let found = 0;
  for (const [place, one] of list.entries()) if (second >= one.start - 0.05) found = place;
  return found;
}

const KEPT: readonly (readonly [string, string, string])[] = [
  ["script", "the script", "scripts"],
  ["voice", "a voice", "voices"],
  ["footage", "a clip", "clips"],
  ["segment", "a scene", "scenes"],
  ["card", "the end card", "end cards"],
  ["music", "the music", "pieces of music"],
];

/** What is finished of an ad, in words: "the script, 3 voices and 2 scenes"; empty where nothing is. */
export function kept(job: Job): string {
  const words = KEPT.flatMap(([kind, one, many]) => {
    const count = job.parts.filter((part) => part.kind === kind && ["done", "reused"].includes(part.state)).length;
    return count ? [count === 1 ? one : `${count} ${many}`] : [];
  });
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : (words[0] ?? "");
}

/** How many parts of a stage are finished, of those that are known: "2 of 4"; empty for a single one. */
export function counted(job: Job, stage: string): string {
  const kinds: Record<string, string[]> = { voice_gen: ["voice"], video_gen: ["segment"] };
  const wanted = kinds[stage];
  if (!wanted || !job.script) return "";
  const done = job.parts.filter((part) => wanted.includes(part.kind) && part.label !== "end scene" && ["done", "reused"].includes(part.state)).length;
  return `${Math.min(done, job.scenes.length)} of ${job.scenes.length}`;
}

/** When an ad was at work: moments as seconds of work before them, and all of them; what it waited for people does not count. */
export interface Work {
  before: (moment: number) => number;
  seconds: number;
}

export function workOf(job: Job, now: number): Work {
  const spans = job.stages
    .flatMap((stage) => {
      const from = Date.parse(stage.started_at ?? "");
      const to = stage.completed_at ? Date.parse(stage.completed_at) : stage.status === "processing" ? now : from;
      return Number.isNaN(from) ? [] : [{ from, to: Math.max(from, to) }];
    })
    .sort((one, other) => one.from - other.from);
  const busy: { from: number; to: number }[] = [];
  for (const span of spans) {
    const last = busy.at(-1);
    if (last && span.from <= last.to + PAUSE) last.to = Math.max(last.to, span.to);
    else busy.push({ ...span });
  }
  const before = (moment: number) => busy.reduce((sum, span) => sum + Math.max(0, Math.min(moment, span.to) - span.from), 0) / 1000;
  return { before, seconds: before(Infinity) };
}
