/** What is heard and written over an ad: who speaks, music, captions, and its look. */
import { useEffect, useRef, useState } from "preact/hooks";
import { send, type Voices } from "./api";
import type { Draft } from "./edit_draft";
import { only } from "./sound";

const WHO: Record<string, string> = { offline: "this server, free", elevenlabs: "ElevenLabs, paid" };

interface Props {
  draft: Draft;
  maker: string; // who speaks now
  voices: Voices | null;
  onChange: (change: Partial<Draft>) => void;
}

interface Styles {
  items: { name: string; title: string }[];
}

export function Sound({ draft, maker, voices, onChange }: Props) {
  const [styles, setStyles] = useState<Styles["items"]>([]);
  useEffect(() => {
    send<Styles>("GET", "/styles").then((found) => setStyles(found.items), () => undefined);
  }, []);
  const offered = voices?.items.filter((one) => one.style === draft.style) ?? [];
  return (
    <div class="edit-card">
      <h3>Sound and look</h3>
      <div class="edit-pair">
        <div class="field">
          <label class="label" for="edit-voice">
            Voice
          </label>
          <div class="edit-voice">
            <select id="edit-voice" value={maker} onChange={(event) => onChange({ voice_by: event.currentTarget.value })}>
              {offered.map((one) => (
                <option key={one.provider} value={one.provider} disabled={!one.available && one.provider !== maker}>
                  {one.name}, {one.available ? WHO[one.provider] : "needs a key"}
                </option>
              ))}
              {!offered.some((one) => one.provider === maker) && <option value={maker}>Keep the current voice</option>}
            </select>
            <Listen key={`${maker}-${draft.style}`} src={`/api/v1/voices/${maker}/${encodeURIComponent(draft.style)}/sample`} />
          </div>
        </div>
        <label class="field">
          <span class="label">Style</span>
          <select value={draft.style} onChange={(event) => onChange({ style: event.currentTarget.value })}>
            {styles.map((one) => (
              <option key={one.name} value={one.name}>
                {one.title}
              </option>
            ))}
            {!styles.some((one) => one.name === draft.style) && <option value={draft.style}>{draft.style}</option>}
          </select>
        </label>
      </div>
      <div class="edit-checks">
        <label class="check">
          <input type="checkbox" checked={draft.music === "style"} onChange={(event) => onChange({ music: event.currentTarget.checked ? "style" : "off" })} />
          <span>Music</span>
        </label>
        <label class="check">
          <input type="checkbox" checked={draft.captions} onChange={(event) => onChange({ captions: event.currentTarget.checked })} />
          <span>Captions</span>
        </label>
      </div>
    </div>
  );
}

function Listen({ src }: { src: string }) {
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [lost, lose] = useState(false);
  function toggle(): void {
    const voice = audio.current;
    if (!voice) return;
    if (!voice.paused) return voice.pause();
    only(voice);
    voice.currentTime = 0;
    void voice.play().catch(() => lose(true));
  }
  return (
    <>
      <button class="button" type="button" disabled={lost} aria-label={playing ? "Stop the voice" : "Listen to the voice"} onClick={toggle}>
        {lost ? "No sample" : playing ? "Stop" : "Listen"}
      </button>
      <audio ref={audio} src={src} preload="none" onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)} />
    </>
  );
}
