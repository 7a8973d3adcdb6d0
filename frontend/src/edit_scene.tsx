/** One scene while it is edited: its words with the seconds they take, its framing, its place. */
import { useId } from "preact/hooks";
import { FRAMINGS, type SceneDraft } from "./edit_draft";
import { FASTEST, speaking } from "./pace";

const WORDS = 300; // characters, as the API takes them
const SHORT = 100;

interface Props {
  scene: SceneDraft;
  place: number;
  last: boolean;
  still: string | null;
  room: number; // seconds for its words
  pace: number;
  filmed: boolean; // whether a vendor films it: then it says what is asked for
  framed: boolean;
  wrong: string;
  onChange: (scene: SceneDraft) => void;
  onMove: (by: -1 | 1) => void;
  onGrab: (event: PointerEvent) => void;
  onAnew: (() => void) | null;
  onLook: () => void; // somebody is at work on it
}

export function SceneEdit(props: Props) {
  const { scene, place, last, still, onChange, onMove, onGrab, onAnew } = props;
  const id = useId();
  const name = `scene ${place}`;
  const set = (change: Partial<SceneDraft>) => onChange({ ...scene, ...change });
  return (
    <li class="edit-scene" data-scene={scene.id} onFocusCapture={props.onLook}>
      <span class="edit-thumb">{still ? <img src={still} alt="" width={72} height={128} /> : <b>{place}</b>}</span>
      <div class="edit-top">
        <span class="grip" title="Drag to reorder" aria-hidden="true" onPointerDown={onGrab}>
          <svg viewBox="0 0 10 16" width="10" height="16">
            <path d="M2 2h.01M8 2h.01M2 8h.01M8 8h.01M2 14h.01M8 14h.01" />
          </svg>
        </span>
        <div class="edit-name">
          <h3>Scene {place}</h3>
          {onAnew && (
            <button class="again" type="button" onClick={onAnew} aria-label={`Redo ${name}`}>
              Redo
            </button>
          )}
        </div>
        <span class="edit-order" role="group" aria-label={`Order of ${name}`}>
          <button class="icon-button" type="button" data-move="-1" aria-label={`Move ${name} earlier`} disabled={place === 1} onClick={() => onMove(-1)}>
            <Arrow d="M8 13V3M3.500 7.500L8 3l4.500 4.500" />
          </button>
          <button class="icon-button" type="button" data-move="1" aria-label={`Move ${name} later`} disabled={last} onClick={() => onMove(1)}>
            <Arrow d="M8 3v10M3.500 8.500L8 13l4.500-4.500" />
          </button>
        </span>
      </div>
      <div class="edit-fields">
        <label class={`field${props.framed ? "" : " whole"}`} for={`${id}-h`}>
          <span class="label">Headline</span>
          <input id={`${id}-h`} type="text" maxLength={SHORT} value={scene.headline} onInput={(event) => set({ headline: event.currentTarget.value })} />
        </label>
        {props.framed && (
          <fieldset class="field">
            <legend class="label">Framing</legend>
            <span class="segment">
            {FRAMINGS.map(([value, words]) => (
              <label key={value}>
                <input type="radio" name={`${id}-f`} value={value} checked={scene.framing === value} onChange={() => set({ framing: value })} />
                <span>{words}</span>
              </label>
            ))}
            </span>
          </fieldset>
        )}
        <div class="field whole">
          <label class="label" for={`${id}-v`}>
            Voice
          </label>
          <textarea id={`${id}-v`} rows={2} maxLength={WORDS} value={scene.voiceover_text} aria-describedby={`${id}-t`} aria-invalid={props.wrong ? true : undefined} onInput={(event) => set({ voiceover_text: event.currentTarget.value })} />
          <Time id={`${id}-t`} text={scene.voiceover_text} room={props.room} pace={props.pace} fixed={props.filmed} wrong={props.wrong} />
        </div>
        {props.filmed && (
          <label class="field whole" for={`${id}-p`}>
            <span class="label">What to film</span>
            <textarea id={`${id}-p`} rows={2} maxLength={2000} value={scene.prompt} onInput={(event) => set({ prompt: event.currentTarget.value })} />
          </label>
        )}
      </div>
    </li>
  );
}

/** How long a text takes to say, beside the seconds that it has. */
export function Time({ id, text, room, pace, fixed = false, wrong }: { id: string; text: string; room: number; pace: number; fixed?: boolean; wrong: string }) {
  const need = speaking(text, pace);
  const haste = need / Math.max(0.1, room);
  const kind = haste > FASTEST ? "over" : haste > 1 ? "tight" : "";
  const says = !need ? "silent" : `about ${need.toFixed(1)} s of ${room.toFixed(1)} s`;
  const more = haste > FASTEST ? fixed ? ": too long for this scene" : ": other scenes get shorter to fit" : haste > 1 ? ": spoken a little faster" : "";
  return (
    <div class={`time ${kind}`} id={id}>
      <progress max={Math.max(room, 0.1)} value={Math.min(need, room)} aria-hidden="true" />
      <span>
        {says}
        {more}
      </span>
      {wrong && <span class="wrong">{wrong}</span>}
    </div>
  );
}

function Arrow({ d }: { d: string }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={d} />
    </svg>
  );
}
