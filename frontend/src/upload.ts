/** Photos on their way to the server. */
import { Refused } from "./api";

export interface Uploaded {
  upload_id: string;
  width?: number;
  height?: number;
}

export const KINDS = "image/jpeg,image/png,image/webp,image/gif,image/heic,image/heif,.heic,.heif";

export async function upload(file: File): Promise<Uploaded> {
  const body = new FormData();
  body.append("file", file);
  const answer = await fetch("/api/v1/uploads", { method: "POST", body });
  const told = (await answer.json().catch(() => ({}))) as Uploaded & Partial<Refused["problem"]>;
  if (answer.ok) return told;
  throw new Refused({ title: "Not uploaded", detail: "The photo could not be uploaded.", hint: "", status: answer.status, ...told });
}

/** What went wrong, as a sentence. */
export function why(error: unknown): string {
  if (!(error instanceof Refused)) return "The server does not answer. Try again in a moment.";
  const { detail, hint } = error.problem;
  return [detail, hint].filter(Boolean).map((text) => text[0]!.toUpperCase() + text.slice(1).replace(/[.]?$/, ".")).join(" ");
}
