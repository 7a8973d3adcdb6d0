/** The bar under an edit: what will be made anew, what that costs, and the one button that does it. */
import { useEffect, useState } from "preact/hooks";
import { type Accepted, type EditRequest, type Job, jobPath, Refused, send } from "./api";
import { type Draft, keepDraft, remade, scriptOf } from "./edit_draft";
import { advice, money, sentence, span } from "./words";

const PAUSE = 450; // milliseconds without a key before the price is asked for

/** What `POST /edits/estimate` answers, as far as it is shown. */
export interface Priced {
  estimate_usd: number;
  at_most_usd?: number;
  seconds: number;
}

interface Props {
  job: Job;
  edit: EditRequest | null;
  draft: Draft;
  wrong: Refused | null;
  onWrong: (wrong: Refused | null) => void;
  onDrop: () => void;
  onClose: () => void;
}

/** What something would cost, asked for when it has not changed for a moment. */
export function usePrice(job: string, asked: unknown, onWrong: (wrong: Refused | null) => void): Priced | null {
  const [found, setFound] = useState<{ of: string; priced: Priced } | null>(null);
  const key = JSON.stringify(asked);
  useEffect(() => {
    onWrong(null);
    if (asked === null) return;
    let mine = true;
    const timer = setTimeout(() => {
      send<Priced>("POST", jobPath(job, "/edits/estimate"), asked).then(
        (priced) => mine && setFound({ of: key, priced }),
        (error: unknown) => mine && error instanceof Refused && onWrong(error),
      );
    }, PAUSE);
    return () => {
      mine = false;
      clearTimeout(timer);
    };
  }, [job, key]);
  return found && found.of === key ? found.priced : null;
}

export function EditBar({ job, edit, draft, wrong, onWrong, onDrop, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const priced = usePrice(job.job_id, edit, onWrong);

  async function make(): Promise<void> {
    setBusy(true);
    onWrong(null);
    try {
      const made = await send<Accepted>("POST", jobPath(job.job_id, "/edits"), edit);
      keepDraft(job, null);
      location.assign(`/ads/${encodeURIComponent(made.job_id)}`);
    } catch (error) {
      setBusy(false);
      onWrong(error instanceof Refused ? error : lost());
    }
  }

  if (!edit)
    return (
      <div class="edit-bar">
        <p class="edit-says">
          <b>No changes yet.</b> <span class="quiet">Anything you leave as is costs nothing.</span>
        </p>
        <button class="button" type="button" onClick={onClose}>
          Close
        </button>
      </div>
    );
  return (
    <div class="edit-bar">
      <p class="edit-says" role="status">
        {wrong ? <Wrong wrong={wrong} /> : <Says edit={edit} draft={draft} priced={priced} />}
      </p>
      <button class="button" type="button" onClick={onDrop}>
        Discard
      </button>
      <button class="button primary" type="button" disabled={busy || (wrong !== null && wrong.problem.status < 500 && wrong.problem.status >= 400)} onClick={() => void make()}>
        {busy ? "Sending..." : `Make the new version${priced ? `, ${money(priced.estimate_usd)}` : ""}`}
      </button>
    </div>
  );
}

function Says({ edit, draft, priced }: { edit: EditRequest; draft: Draft; priced: Priced | null }) {
  return (
    <>
      <b>Will be redone:</b> {remade(edit, draft)}.{" "}
      <span class="quiet">{priced ? `${cost(priced)}, ${span(priced.seconds)}. Everything else stays.` : "Checking the price..."}</span>
    </>
  );
}

/** A price in words: "Free", "$0.20", "$0.20, at most $0.25". */
export function cost(priced: Priced): string {
  if (!priced.estimate_usd && !priced.at_most_usd) return "Free";
  return `${money(priced.estimate_usd)}${(priced.at_most_usd ?? 0) > priced.estimate_usd + 0.005 ? `, at most ${money(priced.at_most_usd!)}` : ""}`;
}

export function Wrong({ wrong }: { wrong: Refused }) {
  return (
    <span class="wrong">
      {sentence(wrong.problem.detail)} {wrong.problem.hint && advice(wrong.problem.hint)}
    </span>
  );
}

export function lost(): Refused {
  return new Refused({ title: "Not sent", detail: "The server did not answer. Nothing was made, and what you typed is still here", hint: "", status: 0 });
}

export function ApproveBar({ job, at, edit, draft, wrong, onWrong, onDrop }: Props & { at: string }) {
  const [busy, setBusy] = useState("");
  const rest = job.money.quoted_usd ?? 0;

  async function save(): Promise<boolean> {
    if (!edit) return true;
    try {
      await send("PUT", jobPath(job.job_id, "/script"), scriptOf(job, draft));
      keepDraft(job, null);
      return true;
    } catch (error) {
      onWrong(error instanceof Refused ? error : lost());
      return false;
    }
  }
  async function press(approve: boolean): Promise<void> {
    onWrong(null);
    setBusy(approve ? "approve" : "save");
    try {
      if ((await save()) && approve) await send("POST", jobPath(job.job_id, "/approve"));
    } catch (error) {
      onWrong(error instanceof Refused ? error : lost());
    }
    setBusy("");
  }

  return (
    <form class="edit-bar" method="post" action={`${at}/approve`} onSubmit={(event) => (event.preventDefault(), void press(true))}>
      <p class="edit-says" role="status">
        {wrong ? (
          <Wrong wrong={wrong} />
        ) : (
          <>
            <b>{edit ? "Your changes are saved when you approve." : "Once you approve, we make the video."}</b>{" "}
            <span class="quiet">{rest ? `The rest costs about ${money(rest)}.` : "The rest is free."} Changing words here costs nothing.</span>
          </>
        )}
      </p>
      {edit && (
        <>
          <button class="button" type="button" disabled={!!busy} onClick={onDrop}>
            Discard
          </button>
          <button class="button" type="button" disabled={!!busy} onClick={() => void press(false)}>
            {busy === "save" ? "Saving..." : "Save"}
          </button>
        </>
      )}
      <button class="button primary" type="submit" disabled={!!busy}>
        {busy === "approve" ? "Approving..." : edit ? "Save and approve" : "Approve the script"}
      </button>
    </form>
  );
}
