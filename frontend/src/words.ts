/** Facts in plain words; the server's pages say them alike. */
export const STAGES: Record<string, string> = {
  script_gen: "Script",
  voice_gen: "Voice",
  video_gen: "Scenes",
  cta_gen: "End card",
  compositing: "Final cut",
};
export const STATUSES: Record<string, string> = {
  pending: "Waiting",
  processing: "In progress",
  completed: "Ready",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function money(dollars: number): string {
  if (dollars <= 0) return "free";
  return dollars >= 0.01 ? `$${dollars.toFixed(2)}` : `$${dollars.toFixed(4).replace(/0+$/, "")}`;
}

export function span(seconds: number): string {
  if (seconds < 55) return `${Math.max(5, Math.round(seconds / 5) * 5)} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes <= 1 ? "about a minute" : `about ${minutes} minutes`;
}

export function took(began?: string | null, ended?: string | null): string {
  if (!began || !ended) return "";
  const seconds = Math.max(0, (Date.parse(ended) - Date.parse(began)) / 1000);
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

export function sentence(text: string): string {
  const whole = text.trim();
  return whole && whole[0]!.toUpperCase() + whole.slice(1) + (/[.!?]$/.test(whole) ? "" : ".");
}

/** A text in lines of about so many letters, at most so many of them. */
export function lines(text: string, width: number, most = 3): string[] {
  const found: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = found.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) found[found.length - 1] = `${last} ${word}`;
    else found.push(word.slice(0, width));
  }
  return found.length > most ? [...found.slice(0, most - 1), `${found[most - 1]} ...`] : found;
}

const BUTTONS: Record<string, string> = { retry: "Try again", resume: "Resume", cancel: "Cancel", approve: "Approve the script" };

/** A hint of the API's as a sentence that speaks of the buttons of a page. */
export function advice(hint: string): string {
  const said = hint.replace(/`POST \/api\/v1\/jobs\/[^/`]+\/(retry|resume|cancel|approve)`/g, (_, verb: string) => `"${BUTTONS[verb]}"`);
  return sentence(said.replace(/`GET \/api\/v1\/jobs`/g, "the library").replaceAll("`", "").replace("run the same command again", "try again"));
}

/** What the API refused, and what to do. */
export function advised(problem: { detail: string; hint: string }): string {
  return `${advice(problem.detail)} ${advice(problem.hint)}`.trim();
}

const LABELS: [RegExp, string][] = [
  [/^product picture$/, "your photo"],
  [/^seam (\d+)$/, "transition $1"],
  [/^scene (\d+) alone$/, "scene $1"],
  [/^film$/, "the video"],
  [/^measuring$/, "the quality check"],
  [/^(script|logo|end card|end scene|soundtrack|music)$/, "the $1"],
];
const VERBS: Record<string, string> = { Making: "Working on", Finished: "Finished", Found: "Reused" };

/** What an event says, for people: "Working on the video" instead of "Making film". */
export function happened(message: string): string {
  return message.replace(/^(Making|Finished|Found) (.+)$/, (whole, verb: string, label: string) => {
    const found = LABELS.find(([pattern]) => pattern.test(label));
    if (!found) return verb === "Found" ? `Reused ${label}` : whole;
    return `${VERBS[verb]} ${label.replace(found[0], found[1])}`;
  });
}

const VENDORS: Record<string, string> = { anthropic: "Claude", elevenlabs: "ElevenLabs", replicate: "Replicate" };

/** What leaves this server: money, and what vendors get to see. */
export function leaving(paid: boolean, sees: Record<string, string> = {}): string {
  if (!paid) return "Made on this server. Nothing to pay, and your photo stays here.";
  const seen = Object.entries(sees).map(([vendor, what]) => `${VENDORS[vendor] ?? vendor} gets ${what}.`).join(" ");
  return seen || "We never spend more than you allow.";
}

/** Dollars in whole cents that are surely enough. */
export function enough(dollars: number): number {
  return Math.ceil(dollars * 100 - 1e-6) / 100;
}
