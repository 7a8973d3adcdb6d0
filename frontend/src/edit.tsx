/** An ad whose words and choices are changed: in place while it waits for approval, else as a version of its own. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Job, type Refused, send, type Voices } from "./api";
import { ApproveBar, EditBar } from "./edit_bar";
import { type Draft, draftOf, editOf, keepDraft, keptDraft } from "./edit_draft";
import { moved, useDrag, useMovedFocus } from "./edit_order";
import { SceneEdit, Time } from "./edit_scene";
import { Sound } from "./edit_sound";
import { roomOf, roomOfCard } from "./pace";
import { stillOf } from "./run_parts";

interface Props {
  job: Job;
  at: string; // address of the page, without its last word
  gate: boolean; // whether its script waits for approval
  onAnew: (id: number) => void;
  onLook: (id: number) => void;
  onClose: () => void;
}

export function Edit({ job, at, gate, onAnew, onLook, onClose }: Props) {
  const before = useMemo(() => draftOf(job), [job.job_id, JSON.stringify(job.script)]);
  const [draft, setDraft] = useState<Draft>(() => keptDraft(job) ?? before);
  const [voices, setVoices] = useState<Voices | null>(null);
  const [wrong, setWrong] = useState<Refused | null>(null);
  const [told, tell] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const follow = useMovedFocus(list);
  const edit = editOf(before, draft);
  const changed = JSON.stringify(edit);

  useEffect(() => {
    send<Voices>("GET", "/voices").then(setVoices, () => undefined); // the estimate then goes by the usual pace
  }, []);
  useLayoutEffect(() => {
    keepDraft(job, edit ? draft : null); // at once: the page may be left with the next key
  }, [changed]);

  const set = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  function order(from: number, to: number): void {
    setDraft((old) => ({ ...old, scenes: moved(old.scenes, from, to) }));
    tell(`Scene ${from + 1} moved to place ${to + 1}.`);
  }
  const grab = useDrag(list, order);
  const maker = speaker(job, draft);
  const pace = voices?.items.find((one) => one.style === draft.style && one.provider === maker)?.pace ?? 1;
  const filmed = job.scenes.some((scene) => scene.assets["footage"]) || job.parts.some((part) => part.kind === "footage");
  const cta = job.end_card.duration ?? 4;
  const bar = { job, edit, draft, onWrong: setWrong, wrong, onDrop: () => setDraft(before), onClose };

  return (
    <section class="edit" aria-labelledby="edit-title" id="edit">
      <header class="edit-head">
        <h2 id="edit-title">{gate ? "Review the script" : "Edit"}</h2>
        <p class="hint">{gate ? "Change anything you like. Only the script has been written so far." : "This version stays. Your changes make a new one, and everything you leave as is costs nothing."}</p>
      </header>
      <ol class="edit-list" ref={list}>
        {draft.scenes.map((scene, place) => {
          const was = job.scenes.find((one) => one.id === scene.id)!;
          return (
            <SceneEdit
              key={scene.id}
              scene={scene}
              place={place + 1}
              last={place === draft.scenes.length - 1}
              still={stillOf(job, was)}
              room={roomOf(was.duration ?? 6, place === draft.scenes.length - 1)}
              pace={pace}
              filmed={filmed}
              framed={!gate && job.has_photo}
              wrong={fault(wrong, `scenes.${scene.id}.`)}
              onChange={(one) => set({ scenes: draft.scenes.map((other) => (other.id === one.id ? one : other)) })}
              onMove={(by) => {
                follow(scene.id, by);
                order(place, place + by);
              }}
              onGrab={grab}
              onLook={() => onLook(scene.id)}
              onAnew={gate ? null : () => onAnew(scene.id)}
            />
          );
        })}
      </ol>
      <p class="unseen" role="status">
        {told}
      </p>
      <div class="edit-card">
        <h3>End card</h3>
        <div class="edit-pair">
          <label class="field">
            <span class="label">Call to action</span>
            <input type="text" maxLength={60} value={draft.cta_text} onInput={(event) => set({ cta_text: event.currentTarget.value })} />
          </label>
          <label class="field">
            <span class="label">Line above the button</span>
            <input type="text" maxLength={60} value={draft.cta_line} onInput={(event) => set({ cta_line: event.currentTarget.value })} />
          </label>
        </div>
        <div class="field">
          <label class="label" for="cta-voice">
            Spoken line
          </label>
          <textarea id="cta-voice" rows={1} maxLength={300} value={draft.cta_voiceover} aria-describedby="cta-time" onInput={(event) => set({ cta_voiceover: event.currentTarget.value })} />
          <Time id="cta-time" text={spokenCta(before, draft)} room={roomOfCard(cta)} pace={pace} wrong={fault(wrong, "cta_voiceover")} />
        </div>
      </div>
      {!gate && <Sound draft={draft} maker={maker} voices={voices} onChange={set} />}
      {gate ? <ApproveBar {...bar} at={at} /> : <EditBar {...bar} />}
    </section>
  );
}

/** A call to action that is changed is spoken too, unless another sentence is. */
function spokenCta(before: Draft, now: Draft): string {
  return now.cta_text !== before.cta_text && now.cta_voiceover === before.cta_voiceover ? now.cta_text : now.cta_voiceover;
}

/** Who speaks: as is chosen, else as it was. */
function speaker(job: Job, draft: Draft): string {
  if (draft.voice_by) return draft.voice_by;
  const made = job.parts.find((part) => part.kind === "voice")?.maker["name"];
  return made === "elevenlabs" ? "elevenlabs" : "offline";
}

function fault(wrong: Refused | null, where: string): string {
  const detail = wrong?.problem.detail ?? "";
  return detail.includes(where) ? detail.replace(/^.*?scenes\.\d+\.\w+:\s*|^.*?cta_voiceover:\s*/, "") : "";
}

