/** The phone that the ad plays in: the newest scene while it is made, then the film. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Job, jobPath, type Scene } from "./api";
import { type Look, Mock } from "./mock";
import { type Chapter, clipOf, fileIn, filmOf, isLive, posterOf, stillOf } from "./run_parts";
import { only } from "./sound";
import { STATUSES } from "./words";

export const STILL = matchMedia("(prefers-reduced-motion: reduce)").matches;

interface Props {
  job: Job;
  progress: number;
  look: Look;
  shown: number | null; // id of the scene that somebody wants to see, 5 for the end card
  film: RefObject<HTMLVideoElement | null>;
  fresh: boolean; // whether the film came into being while somebody looked on
  list: readonly Chapter[];
  onScene: (place: number) => void;
}

export function Player({ job, progress, look, shown, film, fresh, list, onScene }: Props) {
  if (job.video_url)
    return (
      <>
        <Film job={job} film={film} fresh={fresh} />
        {list.length > 0 && <Chapters film={film} list={list} onScene={onScene} />}
      </>
    );
  return (
    <div class="phone">
      <Making job={job} progress={progress} look={look} shown={shown} />
    </div>
  );
}

function Film({ job, film, fresh }: { job: Job; film: RefObject<HTMLVideoElement | null>; fresh: boolean }) {
  const [muted, mute] = useState(false);
  useEffect(() => {
    const video = film.current;
    if (!video || !fresh || STILL) return;
    void video.play().catch(() => {
      video.muted = true; // what browsers demand of a film that nobody asked to play
      mute(true);
      void video.play().catch(() => mute(false));
    });
  }, [fresh]);
  function loud(): void {
    const video = film.current;
    if (!video) return;
    video.muted = false;
    video.currentTime = 0;
    void video.play().catch(() => undefined);
  }
  return (
    <div class="phone film">
      <video
        ref={film}
        key="film"
        controls
        playsInline
        preload="metadata"
        poster={posterOf(job.job_id)}
        src={filmOf(job.job_id)}
        onPlay={(event) => only(event.currentTarget)}
        onVolumeChange={(event) => !event.currentTarget.muted && mute(false)}
      >
        <track kind="captions" srclang={String(job.options["language"] ?? "en")} label="Captions" src={`/api/v1/jobs/${encodeURIComponent(job.job_id)}/captions.vtt`} />
      </video>
      {muted && (
        <button class="unmute" type="button" onClick={loud}>
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
            <path d="M3 7.500h3l4-4v13l-4-4H3zM13 7a4 4 0 0 1 0 6M15.500 4.500a8 8 0 0 1 0 11" />
          </svg>
          Play with sound
        </button>
      )}
    </div>
  );
}

function Making({ job, progress, look, shown }: { job: Job; progress: number; look: Look; shown: number | null }) {
  const ready = job.scenes.filter((scene) => clipOf(scene) !== null);
  const wanted = job.scenes.find((scene) => scene.id === shown);
  const card = fileIn(job.end_card.assets["card"]);
  const scene = wanted ?? ready.at(-1) ?? (job.script ? job.scenes[0] : undefined);
  const state = isLive(job) ? `${progress}` : (STATUSES[job.status] ?? "");
  if (shown === 5 && card) return <img key={card} src={card} alt={`End card: ${job.end_card.cta}`} />;
  if (!scene || (!isLive(job) && !clipOf(scene)))
    return (
      <div class={`phone-empty ${job.status}`}>
        <Mock look={look} name={job.product_name} cta={job.end_card.cta || job.cta_text || "Shop now"} photo={photoOf(job)} />
        <span class="phone-number">
          {state}
          {isLive(job) && <small>%</small>}
        </span>
      </div>
    );
  return (
    <div class="phone-scene">
      <Mock look={look} name={job.product_name} cta={job.end_card.cta || job.cta_text || "Shop now"} photo={photoOf(job)} />
      <Preview job={job} scene={scene} />
      <span class="phone-mark">
        Scene {scene.position}
        {isLive(job) && ` · ${progress}%`}
      </span>
    </div>
  );
}

function photoOf(job: Job): string | null {
  return job.has_photo ? `/api/v1${jobPath(job.job_id, "/photo")}?width=270` : null;
}

function Preview({ job, scene }: { job: Job; scene: Scene }) {
  const clip = clipOf(scene);
  const still = stillOf(job, scene);
  if (clip) return <video key={clip} controls muted loop playsInline autoPlay={!STILL} src={clip} aria-label={`Scene ${scene.position}`} />;
  return still ? <img key={still} src={still} alt={`Scene ${scene.position}, a first look`} /> : null;
}

/** The film as a line of scenes; it watches the film by itself, so that nothing else is drawn anew while it plays. */
function Chapters({ film, list, onScene }: { film: RefObject<HTMLVideoElement | null>; list: readonly Chapter[]; onScene: (place: number) => void }) {
  const [at, setAt] = useState(0);
  useEffect(() => {
    const video = film.current;
    if (!video) return;
    const tell = () => setAt(video.currentTime);
    const events = ["timeupdate", "seeking", "loadedmetadata"];
    for (const one of events) video.addEventListener(one, tell);
    return () => {
      for (const one of events) video.removeEventListener(one, tell);
    };
  }, []);
  return (
    <ol class="chapters" aria-label="Scenes of the video">
      {list.map((one, place) => {
        const end = list[place + 1]?.start ?? one.start + one.seconds;
        const done = Math.min(1, Math.max(0, (at - one.start) / Math.max(0.1, end - one.start)));
        return (
          <li key={one.id} style={{ flexGrow: end - one.start }}>
            <button type="button" aria-label={`Go to ${place + 1}, ${one.name}, at ${clock(one.start)}`} onClick={() => onScene(place)}>
              <span style={{ width: `${done * 100}%` }} />
            </button>
          </li>
        );
      })}
    </ol>
  );
}

export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
