/** One scene made anew, asked for with what it costs. */
import { useState } from "preact/hooks";
import { type Accepted, type Job, jobPath, Refused, send } from "./api";
import { Dialog } from "./dialog";
import { cost, lost, usePrice, Wrong } from "./edit_bar";
import { stillOf } from "./run_parts";
import { money, span } from "./words";

export function Anew({ job, id, onClose }: { job: Job; id: number; onClose: () => void }) {
  const [wrong, setWrong] = useState<Refused | null>(null);
  const [busy, setBusy] = useState(false);
  const priced = usePrice(job.job_id, { regenerate: id }, setWrong);
  const scene = job.scenes.find((one) => one.id === id);
  if (!scene) return null;
  const still = stillOf(job, scene);
  async function make(): Promise<void> {
    setBusy(true);
    setWrong(null);
    try {
      const made = await send<Accepted>("POST", jobPath(job.job_id, `/scenes/${id}/regenerate`));
      location.assign(`/ads/${encodeURIComponent(made.job_id)}`);
    } catch (error) {
      setBusy(false);
      setWrong(error instanceof Refused ? error : lost());
    }
  }
  return (
    <Dialog title={`Redo scene ${scene.position}`} onClose={onClose}>
      <div class="anew">
        {still && <img src={still} alt="" width={90} height={160} />}
        <div class="stack">
          <p>{scene.headline && <b>{scene.headline}. </b>}Same text, new visuals, in a new version. This version and all other scenes stay as they are.</p>
          <dl class="deal">
            <div>
              <dt>Price</dt>
              <dd>{priced ? cost(priced) : wrong ? "unknown" : "..."}</dd>
            </div>
            <div>
              <dt>Ready in</dt>
              <dd>{priced ? span(priced.seconds) : wrong ? "unknown" : "..."}</dd>
            </div>
          </dl>
          {wrong && (
            <p role="alert">
              <Wrong wrong={wrong} />
            </p>
          )}
        </div>
      </div>
      <div class="dialog-foot">
        <button class="button" type="button" data-first onClick={onClose}>
          Not now
        </button>
        <button class="button primary" type="button" disabled={busy} onClick={() => void make()}>
          {busy ? "Sending..." : `Redo it${priced ? `, ${money(priced.estimate_usd)}` : ""}`}
        </button>
      </div>
    </Dialog>
  );
}
