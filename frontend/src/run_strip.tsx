/** The scenes in a row, each filling up as its parts land: words, voice, still, clip. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Job, Part, Scene } from "./api";
import { clipOf, fileIn, isLive, stillOf } from "./run_parts";
import { clock, STILL } from "./run_player";
import { Voice } from "./waveform";

interface Props {
  job: Job;
  current: number | null; // id of the scene on screen, 5 for the end card
  may: boolean;
  onShow: (id: number) => void;
  onAnew: (id: number) => void;
}

export function Strip({ job, current, may, onShow, onAnew }: Props) {
  const card = fileIn(job.end_card.assets["card"]);
  const voice = job.end_card.voiceover;
  const row = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const strip = row.current;
    const one = strip?.querySelector<HTMLElement>(".scene.current");
    if (!strip || !one || strip.scrollWidth <= strip.clientWidth) return;
    strip.scrollTo({ left: one.offsetLeft - strip.offsetLeft - 12, behavior: STILL ? "auto" : "smooth" });
  }, [current]);
  return (
    <ol class="strip" tabIndex={0} aria-label="Scenes" ref={row}>
      {job.scenes.map((scene) => (
        <Card key={scene.id} job={job} scene={scene} current={current === scene.id} onShow={onShow} onAnew={may && !isLive(job) && job.script ? onAnew : null} />
      ))}
      <li key="end" class={`scene${current === 5 ? " current" : ""}`}>
        <Picture name="the end card" busy={!card && job.status === "processing"} at={job.end_card.start} onShow={card || job.video_url ? () => onShow(5) : null}>
          {card ? <img src={card} alt="" width={270} height={480} /> : <span class="scene-number">5</span>}
        </Picture>
        <div class="scene-words">
          <h3>{job.end_card.cta || "End card"}</h3>
          {voice ? <p>{voice}</p> : <p class="quiet">{job.script ? (job.end_card.line ?? "") : "Not written yet."}</p>}
        </div>
        <Steps made={[["Words", !!job.script], ["Card", !!card]]} live={isLive(job)} />
      </li>
    </ol>
  );
}

function Card({ job, scene, current, onShow, onAnew }: { job: Job; scene: Scene; current: boolean; onShow: (id: number) => void; onAnew: ((id: number) => void) | null }) {
  const clip = clipOf(scene);
  const still = stillOf(job, scene);
  const voice = fileIn(scene.assets["voice"]);
  const live = isLive(job);
  const name = `scene ${scene.position}`;
  const silent = !!job.script && !scene.voiceover_text;
  return (
    <li class={`scene${current ? " current" : ""}`} id={`scene-${scene.id}`}>
      <Picture name={name} busy={!clip && job.status === "processing" && !job.awaiting} at={scene.start ?? null} onShow={clip || still ? () => onShow(scene.id) : null}>
        <Moving clip={clip} still={still} place={scene.position} />
      </Picture>
      <div class="scene-words">
        <h3>{scene.headline || `Scene ${scene.position}`}</h3>
        {scene.voiceover_text ? (
          <p>{scene.voiceover_text}</p>
        ) : silent ? (
          <p class="quiet">No voiceover.</p>
        ) : (
          <p class="lines">
            <span class="unseen">Not written yet.</span>
            <i />
            <i />
            <i />
          </p>
        )}
      </div>
      {voice ? <Voice src={voice} name={`the voice of ${name}`} /> : !silent && live && <div class="voice-empty" aria-hidden="true" />}
      {live ? (
        <Steps live made={[["Words", !!job.script], ["Voice", !!voice || silent], ["Clip", !!clip]]} />
      ) : (
        onAnew && (
          <button class="again" type="button" aria-label={`Redo ${name}`} onClick={() => onAnew(scene.id)}>
            <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
              <path d="M13 8a5 5 0 1 1-1.500-3.500M13 2v3h-3" />
            </svg>
            Redo
          </button>
        )
      )}
      <Cost parts={[scene.assets["voice"], scene.assets["footage"]]} />
    </li>
  );
}

function Picture({ name, busy, at, onShow, children }: { name: string; busy: boolean; at: number | null | undefined; onShow: (() => void) | null; children: preact.ComponentChildren }) {
  return (
    <button class={`scene-picture${busy ? " busy" : ""}`} type="button" aria-label={onShow ? `Show ${name}` : `${name} is not ready yet`} disabled={!onShow} onClick={onShow ?? undefined}>
      {children}
      {at != null && <span class="scene-at">{clock(at)}</span>}
    </button>
  );
}

/** The still until the clip is there; the clip moves while a pointer is over it. */
function Moving({ clip, still, place }: { clip: string | null; still: string | null; place: number }) {
  const [lost, lose] = useState("");
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const frame = video.current?.closest("button");
    if (!frame || STILL) return;
    const go = () => void video.current?.play().catch(() => undefined);
    const stop = () => video.current?.pause();
    frame.addEventListener("pointerenter", go);
    frame.addEventListener("pointerleave", stop);
    return () => {
      frame.removeEventListener("pointerenter", go);
      frame.removeEventListener("pointerleave", stop);
    };
  }, [clip]);
  const seen = still !== null && lost !== still;
  if (clip)
    return <video ref={video} key={clip} muted loop playsInline tabIndex={-1} preload={seen ? "none" : "metadata"} {...(seen ? { poster: still } : {})} src={seen ? clip : `${clip}#t=1.5`} />;
  if (seen) return <img key={still} src={still} alt="" width={270} height={480} onError={() => lose(still)} />;
  return <span class="scene-number">{place}</span>;
}

function Steps({ made, live }: { made: readonly (readonly [string, boolean])[]; live: boolean }) {
  if (!live) return null;
  return (
    <ul class="steps">
      {made.map(([name, done]) => (
        <li key={name} class={done ? "done" : ""}>
          {name}
          <span class="unseen">{done ? " is ready" : " is not ready yet"}</span>
        </li>
      ))}
    </ul>
  );
}

function Cost({ parts }: { parts: readonly (Part | undefined)[] }) {
  const spent = parts.reduce((sum, part) => sum + (part?.cost_usd ?? 0), 0);
  return spent > 0 ? <p class="scene-cost">${spent.toFixed(2)}</p> : null;
}
