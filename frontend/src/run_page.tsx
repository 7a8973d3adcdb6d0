/** What is seen of an ad while it is being made, and when it has ended. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { fileOf, type Job, jobPath, local, type Part, Refused, type Scene, send, type Stage } from "./api";
import { follow, type Told } from "./live";
import { type Look, Mock } from "./mock";
import { Share } from "./share";
import { advice, money, sentence, span, STAGES, STATUSES, took } from "./words";

interface Props {
  id: string;
  at: string;
  may: boolean;
  seconds: number;
  look: Look;
  ready: () => void;
}

const SPOKEN = 5000; // milliseconds between two sentences for those who listen
const STILL = matchMedia("(prefers-reduced-motion: reduce)").matches;

export function Run({ id, at, may, seconds, look, ready }: Props) {
  const [job, setJob] = useState<Job | null>(null);
  const [events, setEvents] = useState<readonly Told[]>([]);
  const [online, setOnline] = useState(true);

  useEffect(() => {
    follow(id, {
      job: setJob,
      told: (event) => setEvents((known) => [...known.filter((one) => one.seq !== event.seq), event].slice(-200)),
      line: setOnline,
    });
  }, [id]);
  useLayoutEffect(() => {
    if (job) ready(); // before it is painted: never both pages at once
  }, [job !== null]);
  useEffect(() => {
    if (!job) return;
    document.title = `${job.product_name}: ${(STATUSES[job.status] ?? "").toLowerCase()} - badapple`;
    if (!isLive(job)) void freshen();
  }, [job?.status]);

  if (!job) return null;
  const last = events.at(-1);
  const progress = isLive(job) ? Math.max(job.progress, last?.progress ?? 0) : job.progress;
  return (
    <>
      <div class="run-player">
        <Phone job={job} progress={progress} look={look} />
        {job.video_url && (
          <>
            <a class="button primary big" href={fileOf(id, "video")} download>
              Download the video
            </a>
            <Share id={id} may={may} />
          </>
        )}
      </div>
      <div class="run-side">
        <Head job={job} />
        <Ending job={job} />
        {isLive(job) && !job.awaiting && <Now job={job} progress={progress} message={last?.message ?? ""} seconds={seconds} online={online} />}
        {may && <Actions job={job} at={at} />}
        <Lanes stages={job.stages} live={isLive(job)} />
        <Strip job={job} />
        <Events events={events} />
      </div>
    </>
  );
}

function isLive(job: Job): boolean {
  return job.status === "pending" || job.status === "processing";
}

/** Take over what the server says beside the job: files, measurements, facts. */
async function freshen(): Promise<void> {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("after");
  if (fresh) document.getElementById("after")?.replaceWith(fresh);
}

function Phone({ job, progress, look }: { job: Job; progress: number; look: Look }) {
  const parts = job.scenes.map((scene) => fileIn(scene.assets["segment"])).filter((url) => url !== null);
  const shown = parts.at(-1);
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (job.video_url && !STILL) void video.current?.play().catch(() => undefined);
  }, [job.video_url]);
  if (job.video_url)
    return (
      <div class="phone">
        <video ref={video} key="film" controls playsInline poster={fileOf(job.job_id, "poster")} src={fileOf(job.job_id, "video")}>
          <track kind="captions" srclang={String(job.options["language"] ?? "en")} label="Captions" src={fileOf(job.job_id, "captions.vtt")} />
        </video>
      </div>
    );
  return (
    <div class="phone">
      {shown ? (
        <video key="first-look" controls muted loop playsInline autoPlay={!STILL} src={shown} aria-label="The newest scene" />
      ) : (
        <div class={`phone-empty ${job.status}`}>
          <Mock look={look} name={job.product_name} cta={job.end_card.cta || job.cta_text || "Shop now"} photo={null} />
          <span class="phone-number">
            {isLive(job) ? progress : STATUSES[job.status]}
            {isLive(job) && <small>%</small>}
          </span>
        </div>
      )}
    </div>
  );
}

function Head({ job }: { job: Job }) {
  const canvas = job.options["canvas"] as { width?: number } | undefined;
  return (
    <header class="run-head">
      <p class="crumb">
        <a href="/#library">Library</a>
      </p>
      <h1>{job.product_name}</h1>
      <p class="chips">
        <span class={`pill ${job.status}`}>{STATUSES[job.status]}</span>
        <span class="chip">{job.style}</span>
        {(canvas?.width ?? 1080) < 1080 && <span class="chip">draft</span>}
        {job.attempt > 1 && <span class="chip">attempt {job.attempt}</span>}
        {job.change && <span class="chip">{job.change}</span>}
      </p>
    </header>
  );
}

function Ending({ job }: { job: Job }) {
  if (job.error) {
    const { charged_usd: charged, possibly_charged_usd: possibly } = job.error;
    const cost = charged || possibly ? `It cost ${money(charged)}${possibly ? `, and vendors may still charge ${money(possibly)}` : ""}.` : "Nothing was charged.";
    return (
      <div class="alert" role="alert">
        <h2>What happened</h2>
        <p>{job.error.message}</p>
        {job.error.hint && <p>{advice(job.error.hint)}</p>}
        <p class="quiet">{cost} Finished parts are kept.</p>
      </div>
    );
  }
  if (job.status === "cancelled")
    return (
      <div class="alert calm" role="status">
        <h2>You ended it</h2>
        <p>It cost {job.cost_usd ? money(job.cost_usd) : "nothing"}. Finished parts are kept: it can go on where it stopped.</p>
      </div>
    );
  if (job.awaiting)
    return (
      <div class="alert calm" role="status">
        <h2>Its script waits for you</h2>
        <p>Read the scenes below. When you approve them, the rest is made.</p>
      </div>
    );
  return null;
}

function Now({ job, progress, message, seconds, online }: { job: Job; progress: number; message: string; seconds: number; online: boolean }) {
  const queue = job.position ? `${job.position} ${job.position === 1 ? "ad goes" : "ads go"} first.` : "It begins in a moment.";
  const shown = !online ? "The server does not answer; trying again." : job.status === "pending" ? queue : sentence(message || "Getting ready");
  const said = useSpoken(shown);
  const left = useLeft(job, progress, seconds);
  const cap = job.money.cap_usd;
  return (
    <div class="now">
      <p class="now-words" aria-hidden="true">
        {shown}
      </p>
      <p class="unseen" role="status">
        {said}
      </p>
      <progress max={100} value={progress} aria-label="Progress" />
      <p class="now-facts">
        <span>{progress} %</span>
        <span>{left}</span>
        <span>
          {job.money.charged_usd ? money(job.money.charged_usd) : "Free"} so far{cap != null && `, at most ${money(cap)}`}
        </span>
      </p>
      <p class="hint">You can close this page: the ad is made all the same.</p>
    </div>
  );
}

/** Return what to say, changing only now and then: whoever listens shall not be talked over. */
function useSpoken(text: string): string {
  const [said, say] = useState(text);
  const at = useRef(0);
  useEffect(() => {
    if (text === said) return;
    const wait = Math.max(0, at.current + SPOKEN - Date.now());
    const timer = setTimeout(() => {
      at.current = Date.now();
      say(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  return said;
}

function useLeft(job: Job, progress: number, seconds: number): string {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  if (job.status === "pending" || !job.started_at) return `${span(seconds)} in all`;
  const passed = Math.max(0, (now - Date.parse(job.started_at)) / 1000);
  const share = progress / 100;
  // What was expected counts at first, what has happened the more the further it is.
  const whole = share > 0.05 ? seconds * (1 - share) + (passed / share) * share : seconds;
  const left = whole - passed;
  return left < 4 ? "Any moment now" : `${span(left)} left`;
}

function Actions({ job, at }: { job: Job; at: string }) {
  const [sure, ask] = useState(false);
  const [wrong, setWrong] = useState("");
  async function cancel(): Promise<void> {
    setWrong("");
    try {
      await send("POST", jobPath(job.job_id, "/cancel"));
      ask(false);
    } catch (error) {
      setWrong(error instanceof Refused ? error.problem.detail : "The server does not answer.");
    }
  }
  return (
    <div class="actions">
      {job.awaiting && <Button at={at} verb="approve" kind="primary" words="Approve the script" />}
      {isLive(job) && !sure && (
        <button class="button" type="button" onClick={() => ask(true)}>
          Cancel
        </button>
      )}
      {isLive(job) && sure && (
        <div class="sure" role="group" aria-label="Cancel this ad">
          <p>
            End it? Spent so far: <b>{job.money.charged_usd ? money(job.money.charged_usd) : "nothing"}</b>. Finished parts are kept.
          </p>
          <button class="button primary" type="button" onClick={() => void cancel()}>
            End it
          </button>
          <button class="button" type="button" onClick={() => ask(false)}>
            Go on
          </button>
        </div>
      )}
      {job.status === "failed" && <Button at={at} verb="retry" kind="primary" words="Try again" />}
      {job.status === "cancelled" && <Button at={at} verb="resume" kind="primary" words="Go on" />}
      {!isLive(job) && (
        <a class="button" href="/#new">
          Make another
        </a>
      )}
      {!isLive(job) && <Delete at={at} />}
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}

function Button({ at, verb, kind, words }: { at: string; verb: string; kind: string; words: string }) {
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
      <summary class="button danger">Delete</summary>
      <div class="sure">
        <p>The video, its parts and its history go for good.</p>
        <Button at={at} verb="delete" kind="danger" words="Delete for good" />
      </div>
    </details>
  );
}

function Lanes({ stages, live }: { stages: Stage[]; live: boolean }) {
  const words = { pending: live ? "waiting" : "not begun", processing: "", completed: "done", failed: "failed" };
  return (
    <section aria-labelledby="stages-title">
      <h2 id="stages-title">Stages</h2>
      <ol class="lanes">
        {stages.map((stage) => (
          <li key={stage.name} class={`lane ${stage.status}`}>
            <span class="lane-name">{STAGES[stage.name]}</span>
            <progress max={100} value={stage.progress} aria-label={STAGES[stage.name]} />
            <span class="lane-time">{took(stage.started_at, stage.completed_at) || (stage.status === "processing" ? `${stage.progress} %` : words[stage.status])}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function fileIn(part: Part | undefined): string | null {
  const file = part?.files[0];
  return file ? local(file.url) : null;
}

function Strip({ job }: { job: Job }) {
  const card = fileIn(job.end_card.assets["card"]);
  return (
    <section aria-labelledby="scenes-title">
      <h2 id="scenes-title">Scenes</h2>
      <ol class="strip" tabIndex={0} aria-label="Scenes">
        {job.scenes.map((scene) => (
          <Card key={scene.id} scene={scene} live={job.status === "processing"} />
        ))}
        <li key="end" class="scene">
          <div class={`scene-picture${!card && job.status === "processing" ? " busy" : ""}`}>
            {card ? <img src={card} alt={`End card: ${job.end_card.cta}`} width={270} height={480} /> : <span class="scene-number">5</span>}
          </div>
          <h3>{job.end_card.cta || "End card"}</h3>
          {job.end_card.voiceover && <p>{job.end_card.voiceover}</p>}
        </li>
      </ol>
    </section>
  );
}

function Card({ scene, live }: { scene: Scene; live: boolean }) {
  const clip = fileIn(scene.assets["segment"]) ?? fileIn(scene.assets["footage"]);
  const voice = fileIn(scene.assets["voice"]);
  return (
    <li class="scene">
      <div class={`scene-picture${!clip && live ? " busy" : ""}`}>
        {clip ? (
          <video key={clip} controls muted playsInline preload="metadata" aria-label={`Scene ${scene.position}`} src={`${clip}#t=1.5`} />
        ) : (
          <span class="scene-number">{scene.position}</span>
        )}
      </div>
      <h3>{scene.headline || `Scene ${scene.position}`}</h3>
      {scene.voiceover_text ? <p>{scene.voiceover_text}</p> : <p class="quiet">Not written yet.</p>}
      {voice && <audio key={voice} controls preload="none" aria-label={`Voice of scene ${scene.position}`} src={voice} />}
    </li>
  );
}

function Events({ events }: { events: readonly Told[] }) {
  if (!events.length) return null;
  return (
    <details>
      <summary>What has happened ({events.length})</summary>
      <ol class="events" tabIndex={0} aria-label="Events, the newest first">
        {[...events].reverse().map((event) => (
          <li key={event.seq}>
            <time dateTime={event.timestamp}>{new Date(event.timestamp).toLocaleTimeString()}</time>
            <span>{event.message}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}
