/** The page of one ad: all of it, from the first word to the last version. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Job, Refused } from "./api";
import { Edit } from "./edit";
import { Anew } from "./edit_anew";
import { keptDraft } from "./edit_draft";
import { follow, type Told } from "./live";
import type { Look } from "./mock";
import { Actions, Cancel } from "./run_actions";
import { useRunKeys } from "./run_keys";
import { Events, Lanes } from "./run_lanes";
import { type Chapter, chapterAt, chapters, filmOf, isLive } from "./run_parts";
import { Player, STILL } from "./run_player";
import { Ending, Head, Lost, Now } from "./run_status";
import { Strip } from "./run_strip";
import { Share } from "./share";
import { Versions, useVersions } from "./versions";
import { STATUSES } from "./words";

const LOOK = 1.5; // seconds into a scene at which all of it is seen

interface Props {
  id: string;
  at: string;
  may: boolean;
  seconds: number;
  look: Look;
  ready: () => void;
}

export function Run({ id, at, may, seconds, look, ready }: Props) {
  const [job, setJob] = useState<Job | null>(null);
  const [events, setEvents] = useState<readonly Told[]>([]);
  const [since, lose] = useState<number | null>(null);
  const [gone, setGone] = useState<Refused | null>(null);
  const begun = useRef<string | null>(null); // how it stood when the page was opened

  useEffect(() => {
    follow(id, {
      job: (found) => {
        begun.current ??= found.status;
        setJob(found);
      },
      told: (event) => setEvents((known) => [...known.filter((one) => one.seq !== event.seq), event].slice(-500)),
      line: (good) => lose((old) => (good ? null : (old ?? Date.now()))),
      gone: setGone,
    });
  }, [id]);
  useLayoutEffect(() => {
    if (job || gone) ready(); // before it is painted: never both pages at once
  }, [job !== null || gone !== null]);
  useEffect(() => {
    if (!job) return;
    document.title = `${job.product_name}: ${(STATUSES[job.status] ?? "").toLowerCase()} - badapple`;
    if (!isLive(job) && begun.current !== job.status) void freshen();
  }, [job?.status]);

  if (!job) return gone && <Gone why={gone} alone />;
  return (
    <>
      {gone && <Gone why={gone} />}
      {since !== null && !gone && <Lost since={since} />}
      <Page job={job} events={events} at={at} may={may && !gone} seconds={seconds} look={look} fresh={begun.current !== job.status} />
    </>
  );
}

/** Take over what the server says beside the job: files, measurements, facts. */
async function freshen(): Promise<void> {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("after");
  if (fresh) document.getElementById("after")?.replaceWith(fresh);
}

function Gone({ why, alone = false }: { why: Refused; alone?: boolean }) {
  const out = why.problem.status === 401;
  const Title = alone ? "h1" : "h2";
  return (
    <div class="alert" role="alert">
      <Title>{out ? "You are signed out" : "This ad is gone"}</Title>
      <p>{out ? "Your ad keeps going. Sign in again to see it." : "It was deleted, perhaps in another window."}</p>
      <p>
        <a class="button" href={out ? location.href : "/library"}>
          {out ? "Sign in" : "Go to the library"}
        </a>
      </p>
    </div>
  );
}

interface PageProps {
  job: Job;
  events: readonly Told[];
  at: string;
  may: boolean;
  seconds: number;
  look: Look;
  fresh: boolean;
}

function Page({ job, events, at, may, seconds, look, fresh }: PageProps) {
  const last = events.at(-1);
  const live = isLive(job);
  const gate = job.awaiting === "approval";
  const progress = live ? Math.max(job.progress, last?.progress ?? 0) : job.progress;
  const list = chapters(job);
  const film = useRef<HTMLVideoElement>(null);
  const [shown, show] = useState<number | null>(null);
  const [editing, edit] = useState(() => location.hash === "#edit" || keptDraft(job) !== null);
  const [anew, askAnew] = useState<number | null>(null);
  const [comparing, compare] = useState(false);
  const versions = useVersions(job);
  const current = useCurrent(film, list, job.video_url !== null) ?? shown;
  const open = may && !live && job.script !== null && editing;

  const onScene = useCallback(
    (place: number) => {
      const one = list[place];
      if (!one) return;
      show(one.id);
      const video = film.current;
      if (video) {
        video.currentTime = one.start + 0.05;
        if (!STILL) void video.play().catch(() => undefined);
      }
      document.querySelector(".phone")?.scrollIntoView({ block: "nearest", behavior: STILL ? "auto" : "smooth" });
    },
    [JSON.stringify(list)],
  );
  const onShow = (wanted: number): void => {
    const place = list.findIndex((one) => one.id === wanted);
    if (place < 0) show(wanted);
    else onScene(place);
  };
  useEffect(() => {
    const asked = /^#scene-([1-5])$/.exec(location.hash);
    if (asked) onShow(Number(asked[1]));
  }, []);
  /** Let the film stand at a scene that somebody works on, unless it plays. */
  const onLook = (wanted: number) => {
    const video = film.current;
    const one = list.find((other) => other.id === wanted);
    show(wanted);
    if (video?.paused && one && Math.abs(video.currentTime - one.start - LOOK) > 0.1) video.currentTime = one.start + LOOK;
  };
  const place = Math.max(0, list.findIndex((one) => one.id === current));
  useRunKeys({
    film,
    step: (by) => onScene(Math.min(list.length - 1, Math.max(0, current === null ? 0 : place + by))),
    anew: may && !live && job.script ? () => askAnew(current === null || current > 4 ? job.scenes[0]!.id : current) : null,
    edit: may && !live && job.script ? () => edit((old) => !old) : null,
    compare: versions.length > 1 ? () => compare((old) => !old) : null,
  });
  useEffect(() => {
    if (open) document.getElementById("edit")?.scrollIntoView({ block: "start", behavior: STILL ? "auto" : "smooth" });
  }, [open]);

  return (
    <>
      <Head job={job} />
      <div class={`run-player${job.video_url || job.script ? "" : " blank"}`}>
        <Player job={job} progress={progress} look={look} shown={shown} film={film} fresh={fresh} list={list} onScene={onScene} />
        {job.video_url && (
          <div class="run-take">
            <a class="button primary big" href={filmOf(job.job_id)} download>
              Download the video
            </a>
            <Share id={job.job_id} may={may} />
          </div>
        )}
      </div>
      <div class="run-side">
        <Ending job={job} />
        {live && !gate && (
          <Now job={job} progress={progress} message={last?.message ?? ""} seconds={seconds}>
            {may && <Cancel job={job} />}
          </Now>
        )}
        {may && !live && <Actions job={job} at={at} editing={open} onEdit={() => edit(!editing)} />}
        {gate && may ? (
          <Edit key="gate" job={job} at={at} gate onAnew={askAnew} onLook={onLook} onClose={() => undefined} />
        ) : open ? (
          <Edit key="edit" job={job} at={at} gate={false} onAnew={askAnew} onLook={onLook} onClose={() => edit(false)} />
        ) : (
          (live || job.script) && (
            <section aria-labelledby="scenes-title">
              <h2 id="scenes-title">Scenes</h2>
              <Strip job={job} current={current} may={may} onShow={onShow} onAnew={askAnew} />
            </section>
          )
        )}
        {gate && may && (
          <div class="actions">
            <Cancel job={job} />
          </div>
        )}
        <Versions job={job} items={versions} may={may} comparing={comparing} onCompare={compare} />
        {(live || job.stages.some((stage) => stage.started_at)) && (
          <section aria-labelledby="stages-title">
            <h2 id="stages-title">{job.status === "completed" ? "How it was made" : "Steps"}</h2>
            <Lanes job={job} />
          </section>
        )}
        <Events events={events} live={live && !gate} />
      </div>
      {anew !== null && <Anew job={job} id={anew} onClose={() => askAnew(null)} />}
    </>
  );
}

/** Which scene the film is at, once it has been played or moved; null before. */
function useCurrent(film: { current: HTMLVideoElement | null }, list: readonly Chapter[], there: boolean): number | null {
  const [current, set] = useState<number | null>(null);
  const known = useRef(list);
  known.current = list;
  useEffect(() => {
    const video = film.current;
    if (!video) return;
    const tell = () => set(known.current[chapterAt(known.current, video.currentTime)]?.id ?? null);
    for (const name of ["timeupdate", "seeking"]) video.addEventListener(name, tell);
    return () => {
      for (const name of ["timeupdate", "seeking"]) video.removeEventListener(name, tell);
    };
  }, [there]);
  return current;
}
