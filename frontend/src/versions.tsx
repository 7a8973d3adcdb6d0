/** Every version of an ad: seen, compared, restored. */
import { useEffect, useState } from "preact/hooks";
import { type Accepted, type FamilyVersion as VersionItem, type Job, jobPath, local, Refused, send, type Versions as Family } from "./api";
import { Dialog } from "./dialog";
import { lost, Wrong } from "./edit_bar";
import { Compare } from "./versions_compare";
import { STATUSES } from "./words";

/** The whole family, oldest first; asked for again whenever the ad's own state or its relatives change. */
export function useVersions(job: Job | null): VersionItem[] {
  const [found, setFound] = useState<VersionItem[]>([]);
  const related = job ? job.ancestors.length + job.children.length : 0;
  useEffect(() => {
    if (!job || !related) return;
    let mine = true;
    send<Family>("GET", jobPath(job.job_id, "/versions")).then((told) => mine && setFound(told.items), () => undefined);
    return () => {
      mine = false;
    };
  }, [job?.job_id, job?.status, related]);
  return found;
}

interface Props {
  job: Job;
  items: readonly VersionItem[];
  may: boolean;
  comparing: boolean;
  onCompare: (open: boolean) => void;
}

export function Versions({ job, items, may, comparing, onCompare }: Props) {
  const [other, choose] = useState<string | null>(null);
  const [restoring, restore] = useState<VersionItem | null>(null);
  if (items.length < 2) return null;
  const playable = items.filter((one) => one.links.video);
  const mine = playable.find((one) => one.job_id === job.job_id);
  const rival = playable.find((one) => one.job_id === other) ?? playable.filter((one) => one !== mine).at(-1);
  return (
    <section class="versions" aria-labelledby="versions-title" id="versions">
      <div class="section-top">
        <h2 id="versions-title">
          Versions <span class="count">{items.length}</span>
        </h2>
        {mine && rival && (
          <button class="button small" type="button" onClick={() => onCompare(true)}>
            Compare
          </button>
        )}
      </div>
      <ol class="version-list">
        {items.map((one) => (
          <Item key={one.job_id} one={one} here={one.job_id === job.job_id} may={may} against={mine && one.links.video ? () => (choose(one.job_id), onCompare(true)) : null} onRestore={() => restore(one)} />
        ))}
      </ol>
      {comparing && mine && rival && <Compare items={playable} left={rival} right={mine} onClose={() => onCompare(false)} />}
      {restoring && <Restore one={restoring} onClose={() => restore(null)} />}
    </section>
  );
}

function Item({ one, here, may, against, onRestore }: { one: VersionItem; here: boolean; may: boolean; against: (() => void) | null; onRestore: () => void }) {
  const poster = one.links.poster;
  const when = new Date(one.created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return (
    <li class={`version${here ? " here" : ""}`}>
      <a class="version-poster" href={`/ads/${encodeURIComponent(one.job_id)}`} aria-current={here ? "page" : undefined} aria-label={`Version ${one.number}${here ? ", this one" : ""}`}>
        {poster ? <img src={`${local(poster)}?direct=false`} alt="" width={90} height={160} loading="lazy" /> : <span class="scene-number">{one.number}</span>}
      </a>
      <div class="version-words">
        <h3>
          Version {one.number} {here && <span class="chip">viewing</span>}
          {one.current && !here && <span class="chip">newest</span>}
        </h3>
        <p>{one.change ? one.change[0]!.toUpperCase() + one.change.slice(1) : "First version"}</p>
        <p class="quiet">
          {one.status === "completed" ? when : `${STATUSES[one.status] ?? one.status}, ${when}`}
        </p>
        {!here && (
          <p class="version-acts">
            {against && (
              <button class="again" type="button" aria-label={`Compare version ${one.number} with this one`} onClick={against}>
                Compare
              </button>
            )}
            {may && one.links.video && !one.current && (
              <button class="again" type="button" aria-label={`Restore version ${one.number}`} onClick={onRestore}>
                Restore
              </button>
            )}
          </p>
        )}
      </div>
    </li>
  );
}

function Restore({ one, onClose }: { one: VersionItem; onClose: () => void }) {
  const [wrong, setWrong] = useState<Refused | null>(null);
  const [busy, setBusy] = useState(false);
  async function go(): Promise<void> {
    setBusy(true);
    try {
      const made = await send<Accepted>("POST", jobPath(one.job_id, "/restore"));
      location.assign(`/ads/${encodeURIComponent(made.job_id)}`);
    } catch (error) {
      setBusy(false);
      setWrong(error instanceof Refused ? error : lost());
    }
  }
  return (
    <Dialog title={`Restore version ${one.number}`} onClose={onClose}>
      <p>It comes back as the newest version. Every part is reused, so it costs nothing, and no version is lost.</p>
      {wrong && (
        <p role="alert">
          <Wrong wrong={wrong} />
        </p>
      )}
      <div class="dialog-foot">
        <button class="button" type="button" data-first onClick={onClose}>
          Not now
        </button>
        <button class="button primary" type="button" disabled={busy} onClick={() => void go()}>
          {busy ? "Sending..." : "Restore it, free"}
        </button>
      </div>
    </Dialog>
  );
}
