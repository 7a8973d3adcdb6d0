/** The buttons of an ad: end it, go on, try again, change it, take it away. */
import { useState } from "preact/hooks";
import { type Job, jobPath, Refused, send } from "./api";
import { isLive } from "./run_parts";
import { money } from "./words";

interface Props {
  job: Job;
  at: string;
  editing: boolean;
  onEdit: () => void;
}

export function Actions({ job, at, editing, onEdit }: Props) {
  const film = job.status === "completed";
  return (
    <div class="actions">
      {job.status === "failed" && <Press at={at} verb="retry" kind="primary" words="Try again" />}
      {job.status === "cancelled" && <Press at={at} verb="resume" kind="primary" words="Resume" />}
      {job.script && (
        <button class={`button${film && !editing ? " strong" : ""}`} type="button" aria-expanded={editing} onClick={onEdit}>
          <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
            <path d="M3 13l.6-2.800L10.800 3l2.200 2.200-7.200 7.200z" />
          </svg>
          {editing ? "Stop editing" : "Edit"}
        </button>
      )}
      <a class="button" href="/">
        Make another
      </a>
      <Delete at={at} />
    </div>
  );
}

/** A button that ends an ad which is being made; it says first what is spent. */
export function Cancel({ job }: { job: Job }) {
  const [sure, ask] = useState(false);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const { charged_usd: spent, under_way_usd: open } = job.money;
  if (!isLive(job)) return null;
  async function cancel(): Promise<void> {
    setWrong("");
    setBusy(true);
    try {
      await send("POST", jobPath(job.job_id, "/cancel"));
    } catch (error) {
      setWrong(error instanceof Refused ? error.problem.detail : "The server does not answer. Nothing was cancelled.");
    }
    setBusy(false);
  }
  if (!sure)
    return (
      <button class="button small" type="button" onClick={() => ask(true)}>
        Cancel
      </button>
    );
  return (
    <div class="sure" role="group" aria-label="Cancel this ad">
      <p>
        <b>Cancel this ad?</b> Spent so far: {spent ? money(spent) : "nothing"}
        {open > 0 && `; work already under way may cost up to ${money(open)} more`}. Finished parts are kept, and you can resume later.
      </p>
      <button class="button danger" type="button" disabled={busy} onClick={() => void cancel()}>
        {busy ? "Cancelling..." : "Yes, cancel it"}
      </button>
      <button class="button" type="button" ref={(one) => one?.focus()} onClick={() => ask(false)}>
        Keep going
      </button>
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}

function Press({ at, verb, kind, words }: { at: string; verb: string; kind: string; words: string }) {
  return (
    <form method="post" action={`${at}/${verb}`}>
      <button class={`button ${kind}`} type="submit">
        {words}
      </button>
    </form>
  );
}

function Delete({ at }: { at: string }) {
  return (
    <details class="delete">
      <summary class="button quiet-danger">Delete</summary>
      <div class="sure">
        <p>This removes the video, its parts and its history. It cannot be undone.</p>
        <Press at={at} verb="delete" kind="danger" words="Delete forever" />
      </div>
    </details>
  );
}
