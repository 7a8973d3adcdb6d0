/** The API that everybody uses, with the types of its own document. */
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Job = Schemas["JobDetail"];
export type Scene = Schemas["Scene"];
export type Part = Schemas["Part"];
export type Stage = Schemas["Stage"];
export type Estimate = Schemas["Estimate"];
export type Problem = Schemas["Problem"];
export type Link = Schemas["LinkView"];
export type EditRequest = Schemas["EditRequest"];
export type Voices = Schemas["Voices"];
export type Versions = Schemas["Versions"];
export type FamilyVersion = Schemas["FamilyVersion"];
export type Accepted = Schemas["Accepted"];

const ROOT = "/api/v1";

/** What the API refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly problem: Pick<Problem, "detail" | "hint" | "status" | "title">,
  ) {
    super(problem.detail);
  }
}

export async function send<T>(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(ROOT + path, {
    method,
    ...(body === undefined
      ? { headers }
      : { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } }),
  });
  return read<T>(answer);
}

/** Names orders: the same one sent again, after an answer that got lost, keeps its name until it is done with. */
export class Once {
  private body = "";
  private name = "";

  headers(order: unknown): { "idempotency-key": string } {
    const body = JSON.stringify(order);
    if (this.body !== body) {
      this.body = body;
      this.name = `studio-${[...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("")}`;
    }
    return { "idempotency-key": this.name };
  }

  done(): void {
    this.body = "";
  }
}

export function jobPath(id: string, rest = ""): string {
  return `/jobs/${encodeURIComponent(id)}${rest}`;
}

/** Address of a file of a job; sent from here, for the page may load nothing from elsewhere. */
export function fileOf(id: string, file: string): string {
  return `${ROOT}${jobPath(id, `/${file}`)}?direct=false`;
}

/** The path of an address of ours: behind proxies its host may be another than the page's. */
export function local(url: string): string {
  return new URL(url, location.href).pathname;
}

/** Asks for a job again and again; what has not changed is not sent again. */
export function watcher(id: string): () => Promise<Job | null> {
  let tag = "";
  return async () => {
    const answer = await fetch(ROOT + jobPath(id), { headers: tag ? { "if-none-match": tag } : {}, cache: "no-store" });
    if (answer.status === 304) return null;
    const job = await read<Job>(answer);
    tag = answer.headers.get("etag") ?? "";
    return job;
  };
}

async function read<T>(answer: Response): Promise<T> {
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  const usual = { detail: `The server answered ${answer.status}.`, hint: "", status: answer.status, title: "Not done" };
  const problem = (await answer.json().catch(() => usual)) as Problem;
  throw new Refused({ ...usual, ...problem });
}
