/** The photo: shown at once, sent while the rest is filled in, cut out as soon as it is there. */
import { render } from "preact";
import { local, Refused, send } from "./api";
import { limits, part } from "./new_form";
import { PhotoTools, PhotoView } from "./new_photo_view";
import type { Problem, Sight, Upload } from "./new_types";
import { advice } from "./words";

export type PhotoState =
  | { kind: "none"; said?: string }
  | { kind: "sending"; url: string | null; share: number }
  | { kind: "looking"; url: string | null; id: string }
  | { kind: "ready"; url: string | null; id: string; sight: Sight | null; cutout: string | null }
  | { kind: "failed"; url: string | null; said: string; again: boolean };

const input = part<HTMLInputElement>("photo");
const drop = part("drop");
const view = part("drop-view");
const tools = part("photo-tools");
const UNSEEN = "The server could not be reached. Nothing is lost; try again.";

let state: PhotoState = { kind: "none" };
let file: File | null = null;
let sending: XMLHttpRequest | null = null;
let turn = 0; // of the photo that is shown; what comes late for another is left out
let tell: (state: PhotoState) => void = () => undefined;

function become(next: PhotoState): void {
  if (state.kind !== "none" && "url" in state && state.url?.startsWith("blob:") && (next.kind === "none" || next.url !== state.url))
    URL.revokeObjectURL(state.url);
  state = next;
  render(<PhotoView state={state} />, view);
  render(<PhotoTools state={state} name={file?.name ?? ""} remove={remove} again={again} take={take} />, tools);
  drop.classList.toggle("filled", state.kind !== "none");
  tell(state);
}

export function uploaded(): string | null {
  return state.kind === "looking" || state.kind === "ready" ? state.id : null;
}

export function photo(): PhotoState {
  return state;
}

/** The photo's id when it has one; null without a photo. It waits while a photo is on its way. */
export async function settled(told: (share: number) => void): Promise<string | null> {
  while (state.kind === "sending") {
    told(state.share);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  if (state.kind === "failed") throw new Error(state.said);
  return uploaded();
}

/** Take a photo that somebody chose, dropped or pasted. */
export function take(files: FileList | File[] | undefined | null): boolean {
  const found = [...(files ?? [])].find((one) => one.type.startsWith("image/") || /\.hei[cf]$/i.test(one.name));
  if (!found) {
    if (files?.length) become({ kind: "failed", url: null, said: "That is not a photo. Choose a JPEG, PNG, WebP, GIF or HEIC file.", again: false });
    return false;
  }
  leave();
  file = found;
  const url = URL.createObjectURL(found);
  if (found.size > limits.photo) {
    const mega = Math.floor(limits.photo / 2 ** 20);
    become({ kind: "failed", url, said: `This photo is larger than ${mega} MB. Save a smaller copy and choose it again.`, again: false });
  } else void upload(found, url);
  return true;
}

function again(): void {
  if (file) void upload(file, URL.createObjectURL(file));
}

function leave(): void {
  turn += 1;
  sending?.abort();
  sending = null;
  const id = uploaded();
  if (id) void fetch(`/api/v1/uploads/${id}`, { method: "DELETE" }).catch(() => undefined); // it goes by itself in the end
}

function remove(): void {
  leave();
  file = null;
  input.value = "";
  become({ kind: "none" });
  input.focus();
}

async function upload(found: File, shown: string): Promise<void> {
  const mine = ++turn;
  const url = (await showable(shown)) ? shown : null; // the server reads kinds that some browsers do not
  if (mine !== turn) return URL.revokeObjectURL(shown);
  become({ kind: "sending", url, share: 0 });
  try {
    const kept = await post(found, (share) => mine === turn && become({ kind: "sending", url, share }));
    if (mine !== turn) return;
    await look(kept.upload_id, url ?? `/api/v1/uploads/${kept.upload_id}/photo?width=540`, mine);
  } catch (error) {
    if (mine !== turn) return;
    const problem = error instanceof Refused ? error.problem : null;
    const hint = problem && problem.status !== 422 ? advice(problem.hint) : ""; // what is wrong with a photo says itself what to do
    const said = problem ? `${advice(problem.detail)} ${hint}`.trim() : UNSEEN;
    become({ kind: "failed", url, said, again: !problem || problem.status >= 500 || problem.status === 429 });
  }
}

async function look(id: string, url: string, mine: number): Promise<void> {
  become({ kind: "looking", url, id });
  const sight = await send<Sight>("GET", `/uploads/${id}/look`).catch(() => null);
  const cutout = sight?.cutout_url ? local(sight.cutout_url) : null;
  const seen = cutout !== null && (await showable(cutout));
  if (mine === turn) become({ kind: "ready", url, id, sight, cutout: seen ? cutout : null });
}

/** Bring back a photo that was sent before the page was left, if it is still kept. */
export async function bring(id: string): Promise<boolean> {
  const mine = ++turn;
  const kept = await send<Upload>("GET", `/uploads/${id}`).catch(() => null);
  if (!kept || mine !== turn) return false;
  file = null;
  await look(id, `/api/v1/uploads/${id}/photo?width=540`, mine);
  return true;
}

/** Say of the photo what an order of it was refused for. */
export function refuse(said: string): void {
  become({ kind: "failed", url: "url" in state ? state.url : null, said, again: file !== null });
}

function showable(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(true);
    image.onerror = () => resolve(false);
    image.src = url;
  });
}

function post(found: File, told: (share: number) => void): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not say how much of a body is sent
    sending = request;
    request.open("POST", "/api/v1/uploads");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    request.onerror = () => reject(new Error(UNSEEN));
    request.onload = () => {
      if (request.status === 201) return resolve(request.response as Upload);
      const usual = { detail: `The server answered ${request.status}.`, hint: "", status: request.status, title: "Not kept" };
      reject(new Refused({ ...usual, ...((request.response ?? {}) as Partial<Problem>) }));
    };
    const body = new FormData();
    body.append("file", found, found.name || "photo");
    request.send(body);
  });
}

/** Let photos come in by every way that there is. */
export function begin(changed: (state: PhotoState) => void): void {
  drop.classList.add("live");
  input.removeAttribute("name"); // it is sent ahead of the form
  tell = changed;
  view.replaceChildren();
  part("photo-hint").textContent = `JPEG, PNG, WebP, GIF or HEIC, up to ${limits.photo / 2 ** 20} MB. No photo? You get a text-only video.`;
  input.addEventListener("change", () => input.files?.length && take(input.files));
  drop.addEventListener("click", (event) => {
    const own = event.target instanceof Element && event.target.closest("label, button, input, a");
    if (state.kind === "none" && !own) input.click(); // the whole field is a button to the pointer
  });
  let depth = 0;
  const carries = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragenter", (event) => carries(event) && (depth += 1) && drop.classList.add("over"));
  window.addEventListener("dragleave", (event) => {
    if (carries(event) && --depth <= 0) drop.classList.remove("over");
  });
  // Wherever it falls, it is the photo: one that misses its place shall not take the page away.
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    drop.classList.remove("over");
    if (event.dataTransfer?.files.length) take(event.dataTransfer.files);
    else if (event.dataTransfer?.types.includes("text/uri-list"))
      become({ kind: "failed", url: null, said: "Only a link was dropped. Save the picture first, then drop the file.", again: false });
  });
  document.addEventListener("paste", (event) => {
    if ([...(event.clipboardData?.files ?? [])].some((one) => one.type.startsWith("image/")) && take(event.clipboardData?.files)) event.preventDefault();
  });
  if (input.files?.length) take(input.files); // chosen before this script was there
  else become({ kind: "none" });
}
