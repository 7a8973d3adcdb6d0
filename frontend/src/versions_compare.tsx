/** Two versions side by side, played as one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type FamilyVersion as VersionItem, local } from "./api";
import { Dialog } from "./dialog";
import { clock } from "./run_player";
import { only } from "./sound";
import { sentence } from "./words";

const APART = 0.12; // seconds that the two may be apart before one is set to the other

interface Props {
  items: readonly VersionItem[];
  left: VersionItem;
  right: VersionItem;
  onClose: () => void;
}

export function Compare({ items, left, right, onClose }: Props) {
  const [ids, setIds] = useState([left.job_id, right.job_id] as const);
  const [heard, hear] = useState(1);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [whole, setWhole] = useState(30);
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const both = () => [first.current, second.current].filter((one) => one !== null);

  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      const [one, other] = both();
      if (!one || !other) return;
      setAt(one.currentTime);
      if (one.ended) return setPlaying(false);
      if (Math.abs(one.currentTime - other.currentTime) > APART) other.currentTime = one.currentTime;
    }, 200);
    return () => clearInterval(timer);
  }, [playing]);

  async function play(): Promise<void> {
    const pair = both();
    if (pair[heard]) only(pair[heard]);
    if (pair[0]?.ended) for (const one of pair) one.currentTime = 0;
    try {
      await Promise.all(pair.map((one) => one.play()));
      setPlaying(true);
    } catch {
      pause();
    }
  }
  function pause(): void {
    for (const one of both()) one.pause();
    setPlaying(false);
  }
  function seek(to: number): void {
    for (const one of both()) one.currentTime = to;
    setAt(to);
  }

  const shown = ids.map((id) => items.find((one) => one.job_id === id)!);
  const refs = [first, second];
  return (
    <Dialog title="Compare versions" wide onClose={onClose}>
      <div class="compare">
        {shown.map((one, side) => (
          <figure key={side}>
            <label>
              <span class="unseen">{side ? "On the right" : "On the left"}</span>
              <select
                value={one.job_id}
                onChange={(event) => {
                  pause();
                  const id = event.currentTarget.value;
                  setIds((old) => (side ? [old[0], id] : [id, old[1]]));
                }}
              >
                {items.map((item) => (
                  <option key={item.job_id} value={item.job_id}>
                    Version {item.number}
                  </option>
                ))}
              </select>
            </label>
            <video
              ref={refs[side]!}
              playsInline
              preload="auto"
              muted={heard !== side}
              poster={one.links.poster ? `${local(one.links.poster)}?direct=false` : undefined}
              src={`${local(one.links.video!)}?direct=false`}
              aria-label={`Version ${one.number}`}
              onLoadedMetadata={(event) => {
                setWhole(event.currentTarget.duration || 30);
                if (at) event.currentTarget.currentTime = at; // else the poster stays
              }}
            />
            <figcaption>{sentence(one.change || "First version").slice(0, -1)}</figcaption>
          </figure>
        ))}
      </div>
      <div class="compare-bar">
        <button class="button primary" type="button" data-first onClick={() => (playing ? pause() : void play())}>
          {playing ? "Pause" : "Play both"}
        </button>
        <input type="range" min={0} max={whole} step={0.1} value={at} aria-label="Position in both" aria-valuetext={clock(at)} onInput={(event) => seek(Number(event.currentTarget.value))} />
        <span class="voice-time">{clock(at)}</span>
        <fieldset>
          <legend class="unseen">Which sound to hear</legend>
          <span class="segment">
          {shown.map((one, side) => (
            <label key={side}>
              <input type="radio" name="heard" checked={heard === side} onChange={() => hear(side)} />
              <span>Sound of {one.number}</span>
            </label>
          ))}
          </span>
        </fieldset>
      </div>
    </Dialog>
  );
}
