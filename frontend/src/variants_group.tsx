/** The ads of a group side by side: they play in step, one is heard, one wins. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { fileOf, jobPath, local, Refused, send } from "./api";
import { shortcut } from "./keys";
import type { Told } from "./live";
import { Poster, type Style } from "./poster";
import { toast } from "./toast";
import { why } from "./upload";
import { money, STATUSES } from "./words";

interface Ad {
  job_id: string;
  status: string;
  style: string;
  cta_text: string;
  product_name: string;
  progress: number;
  error_message?: string | null;
  links: { poster?: string | null; video?: string | null };
}
interface Told2 {
  group_id: string;
  winner: string | null;
  finished: number;
  cost_usd: number;
  jobs: Ad[];
  archive_url: string | null;
}
type Players = Map<string, HTMLVideoElement>;

const STEP = 0.12; // seconds that players may be apart
const AGAIN = 5000; // milliseconds between two looks where no event comes

export function Group({ id, may, styles, ready }: { id: string; may: boolean; styles: Style[]; ready: () => void }) {
  const [group, setGroup] = useState<Told2 | null>(null);
  const [progress, setProgress] = useState<Record<string, number>>({});
  const [wrong, setWrong] = useState("");
  const path = `/groups/${encodeURIComponent(id)}`;

  async function look(): Promise<void> {
    try {
      setGroup(await send<Told2>("GET", path));
      setWrong("");
    } catch (error) {
      if (error instanceof Refused) setWrong(why(error));
    }
  }
  useEffect(() => void look(), []);
  useLayoutEffect(() => {
    if (group) ready(); // before it is painted: never both pages at once
  }, [group !== null]);

  const waiting = (group?.jobs ?? []).filter((one) => ["pending", "processing"].includes(one.status)).map((one) => one.job_id);
  useEffect(() => {
    if (!waiting.length) return;
    const source = new EventSource(`/api/v1/events?jobs=${waiting.map(encodeURIComponent).join(",")}`);
    source.onmessage = (message: MessageEvent<string>) => {
      const told = JSON.parse(message.data) as Told;
      setProgress((known) => ({ ...known, [told.job_id]: told.progress }));
      if (["completed", "error", "cancelled"].includes(told.stage)) void look();
    };
    source.addEventListener("end", () => source.close());
    const timer = setInterval(() => void look(), AGAIN);
    return () => {
      source.close();
      clearInterval(timer);
    };
  }, [waiting.join()]);

  const first = group?.jobs[0]?.job_id;
  const [pictured, setPictured] = useState(false); // all have the same photo, or none
  useEffect(() => {
    if (first && waiting.length) send<{ has_photo: boolean }>("GET", jobPath(first)).then((job) => setPictured(job.has_photo), () => undefined);
  }, [first]);
  const players = useRef<Players>(new Map());
  const [heard, hear] = useState<string | null>(null);
  if (!group) return wrong ? <p class="wrong" role="alert">{wrong}</p> : null;

  async function win(job: string | null): Promise<void> {
    try {
      setGroup(await send<Told2>("PUT", `${path}/winner`, { job_id: job }));
      if (job) toast("Winner picked.");
    } catch (error) {
      toast(why(error));
    }
  }

  const done = group.jobs.filter((one) => one.links.video);
  const failed = group.jobs.filter((one) => one.status === "failed").length;
  const winner = group.jobs.find((one) => one.job_id === group.winner);
  return (
    <div class="compare">
      <div class="compare-bar">
        <Transport players={players.current} many={done.length} />
        <p class="compare-words" role="status">
          {done.length} of {group.jobs.length} ready{failed ? `, ${failed} failed` : ""}
          {group.cost_usd ? `, ${money(group.cost_usd)} so far` : ""}
        </p>
        <p class="actions">
          {winner && (
            <a class="button primary" href={fileOf(winner.job_id, "video")} download>
              Download the winner
            </a>
          )}
          {group.archive_url && (
            <a class="button" href={local(group.archive_url)} download>
              Download all
            </a>
          )}
        </p>
      </div>
      <ul class="phones">
        {group.jobs.map((one) => (
          <Card
            key={one.job_id}
            ad={one}
            progress={Math.max(one.progress, progress[one.job_id] ?? 0)}
            look={styles.find((style) => style.name === one.style) ?? styles[0]!}
            won={one.job_id === group.winner}
            may={may}
            pictured={pictured}
            heard={heard === one.job_id}
            hear={() => hear(heard === one.job_id ? null : one.job_id)}
            win={() => void win(one.job_id === group.winner ? null : one.job_id)}
            hold={(video) => (video ? players.current.set(one.job_id, video) : players.current.delete(one.job_id))}
          />
        ))}
      </ul>
    </div>
  );
}

interface CardProps {
  ad: Ad;
  progress: number;
  look: Style;
  won: boolean;
  may: boolean;
  pictured: boolean;
  heard: boolean;
  hear: () => void;
  win: () => void;
  hold: (video: HTMLVideoElement | null) => void;
}

function Card({ ad, progress, look, won, may, pictured, heard, hear, win, hold }: CardProps) {
  const title = `${look.title}${ad.cta_text ? `, ${ad.cta_text}` : ""}`;
  const live = ad.status === "pending" || ad.status === "processing";
  const src = useFile(ad.links.video ? fileOf(ad.job_id, "video") : null);
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    hold(element.current);
    return () => hold(null);
  }, [src]);
  useEffect(() => {
    if (element.current) element.current.muted = !heard;
  }, [heard, src]);
  return (
    <li class={`variant${won ? " won" : ""}`}>
      <div class={`variant-film ${ad.status}`}>
        {ad.links.video ? (
          src ? (
            <video ref={element} src={src} poster={ad.links.poster ? fileOf(ad.job_id, "poster") : undefined} muted loop playsInline aria-label={title} />
          ) : (
            <img src={fileOf(ad.job_id, "poster")} alt={title} width="270" height="480" />
          )
        ) : (
          <Poster look={look} name={ad.product_name} cta={ad.cta_text} photo={pictured ? `/api/v1${jobPath(ad.job_id, "/photo")}?width=270` : null} label={title} />
        )}
        {!ad.links.video && (
          <span class={`pill ${live && progress > 0 ? "processing" : ad.status}`}>
            {live && progress > 0 ? `${STATUSES["processing"]}, ${progress}%` : (STATUSES[ad.status] ?? ad.status)}
          </span>
        )}
        {live && <progress max={100} value={progress} aria-label={`Progress of ${title}`} />}
        {won && <span class="crown">Winner</span>}
        {src && (
          <button class="sound" type="button" aria-pressed={heard} aria-label={`Sound of ${title}`} onClick={hear}>
            <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
              <path d={heard ? "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11" : "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5"} />
            </svg>
          </button>
        )}
      </div>
      <div class="variant-words">
        <h2>{look.title}</h2>
        <p>{ad.cta_text || "Its own call to action"}</p>
        {ad.status === "failed" && <p class="wrong">{ad.error_message || "It failed."}</p>}
      </div>
      <p class="variant-actions">
        {may && ad.links.video && (
          <button class={`button small${won ? " primary" : ""}`} type="button" aria-pressed={won} aria-label={`Winner: ${title}`} onClick={win}>
            {won ? "Picked" : "Pick"}
          </button>
        )}
        <a class="button small" href={`/ads/${encodeURIComponent(ad.job_id)}`} aria-label={`Open ${title}`}>
          Open
        </a>
      </p>
    </li>
  );
}

// Whole films in memory: a dozen half-loaded ones would use up the browser's six connections, and none would go on.
let queue: Promise<unknown> = Promise.resolve();

function useFile(address: string | null): string | null {
  const [src, setSrc] = useState<string | null>(null);
  useEffect(() => {
    if (!address) return;
    let made: string | null = null;
    let wanted = true;
    queue = queue.then(async () => {
      if (!wanted) return;
      const answer = await fetch(address).catch(() => null);
      if (!answer?.ok || !wanted) return;
      const film = await answer.blob().catch(() => null);
      if (!film || !wanted) return;
      made = URL.createObjectURL(film);
      setSrc(made);
    });
    return () => {
      wanted = false;
      if (made) URL.revokeObjectURL(made);
    };
  }, [address]);
  return src;
}

function Transport({ players, many }: { players: Players; many: number }) {
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [whole, setWhole] = useState(30);
  const state = useRef(false);
  state.current = playing;

  useEffect(() => {
    const timer = setInterval(() => {
      const [leader, ...others] = [...players.values()];
      if (!leader) return;
      if (Number.isFinite(leader.duration)) setWhole(leader.duration);
      setAt(leader.currentTime);
      for (const one of others) {
        if (Math.abs(one.currentTime - leader.currentTime) > STEP && one.readyState > 1 && !one.seeking) one.currentTime = leader.currentTime;
      }
      for (const one of players.values()) {
        if (state.current && one.paused) void one.play().catch(() => undefined); // it came later
      }
    }, 250);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => shortcut("space", "Play or pause all", () => toggle(), { group: "Variants" }), []);

  function toggle(): void {
    const next = !state.current;
    setPlaying(next);
    for (const one of players.values()) {
      if (next) void one.play().catch(() => undefined);
      else one.pause();
    }
  }
  return (
    <div class="transport">
      <button class="button round" type="button" disabled={!many} aria-label={playing ? "Pause all" : "Play all"} onClick={toggle}>
        <svg viewBox="0 0 24 24" width="22" height="22" fill="currentColor" aria-hidden="true">
          <path d={playing ? "M7 5h3.500v14H7zM13.500 5H17v14h-3.500z" : "M8 5v14l11-7z"} />
        </svg>
      </button>
      <input
        type="range"
        min={0}
        max={whole}
        step={0.1}
        value={at}
        disabled={!many}
        aria-label="Position in all ads"
        aria-valuetext={`${Math.round(at)} of ${Math.round(whole)} seconds`}
        onInput={(event) => {
          const place = Number(event.currentTarget.value);
          setAt(place);
          for (const one of players.values()) one.currentTime = place;
        }}
      />
      <span class="clock">{Math.floor(at)} s</span>
    </div>
  );
}
