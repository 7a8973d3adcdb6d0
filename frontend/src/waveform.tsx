/** A voice that is seen and played: its loudness as bars, decoded here. */
import { useEffect, useRef, useState } from "preact/hooks";
import { only } from "./sound";

const BARS = 32;
const HIGH = 24; // units of the drawing
const RATE = 8000; // samples a second: enough to see words by

interface Seen {
  bars: readonly number[]; // 0 to 1
  seconds: number;
}

const known = new Map<string, Promise<Seen>>();

/** The loudness of a sound in so many bars, the loudest of them 1; each sound is read once. */
function seen(url: string): Promise<Seen> {
  const kept = known.get(url) ?? read(url);
  known.set(url, kept);
  kept.catch(() => known.delete(url));
  return kept;
}

async function read(url: string): Promise<Seen> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the sound is not there: ${answer.status}`);
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await answer.arrayBuffer());
  const samples = sound.getChannelData(0);
  const step = samples.length / BARS;
  const bars = Array.from({ length: BARS }, (_, place) => {
    let sum = 0;
    const from = Math.floor(place * step);
    const to = Math.floor((place + 1) * step);
    for (let at = from; at < to; at++) sum += samples[at]! ** 2;
    return Math.sqrt(sum / Math.max(1, to - from));
  });
  const most = Math.max(...bars, 1e-4);
  return { bars: bars.map((bar) => bar / most), seconds: sound.duration };
}

function drawn(bars: readonly number[], from: number, to: number): string {
  const lines: string[] = [];
  for (let place = from; place < to; place++) {
    const half = Math.max(1, (bars[place] ?? 0) * (HIGH / 2 - 1));
    lines.push(`M${place * 4 + 2} ${(HIGH / 2 - half).toFixed(1)}v${(2 * half).toFixed(1)}`);
  }
  return lines.join("");
}

export function Voice({ src, name }: { src: string; name: string }) {
  const audio = useRef<HTMLAudioElement>(null);
  const [wave, setWave] = useState<Seen | null>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  useEffect(() => {
    let mine = true;
    seen(src).then((found) => mine && setWave(found), () => undefined); // it is played all the same
    return () => {
      mine = false;
    };
  }, [src]);
  useEffect(() => {
    if (!playing) return;
    let due = 0;
    const step = () => {
      setAt(audio.current?.currentTime ?? 0);
      due = requestAnimationFrame(step);
    };
    step();
    return () => cancelAnimationFrame(due);
  }, [playing]);

  const seconds = wave?.seconds ?? 0;
  const bars = wave?.bars ?? Array<number>(BARS).fill(0.12);
  const done = seconds ? Math.round((at / seconds) * BARS) : 0;
  function toggle(): void {
    const voice = audio.current;
    if (!voice) return;
    if (!voice.paused) return voice.pause();
    only(voice);
    void voice.play().catch(() => undefined);
  }
  return (
    <div class={`voice${playing ? " playing" : ""}${wave ? "" : " waiting"}`}>
      <button class="voice-play" type="button" aria-label={`${playing ? "Pause" : "Play"} ${name}`} onClick={toggle}>
        <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
          {playing ? <path d="M3 2h4v12H3zM9 2h4v12H9z" /> : <path d="M4 2l10 6-10 6z" />}
        </svg>
      </button>
      <span class="wave">
        <svg viewBox={`0 0 ${BARS * 4} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="wave-rest" d={drawn(bars, done, BARS)} />
          <path class="wave-done" d={drawn(bars, 0, done)} />
        </svg>
        {seconds > 0 && (
          <input type="range" min={0} max={seconds} step={0.1} value={at} aria-label={`Place in ${name}`} aria-valuetext={`${at.toFixed(1)} of ${seconds.toFixed(1)} seconds`}
            onInput={(event) => {
              const to = Number(event.currentTarget.value);
              if (audio.current) audio.current.currentTime = to;
              setAt(to);
            }} />
        )}
      </span>
      <span class="voice-time">{seconds ? `${(playing || at ? at : seconds).toFixed(1)} s` : ""}</span>
      <audio ref={audio} src={src} preload="none" onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)} onEnded={() => setAt(0)} />
    </div>
  );
}
