/** What was done when: the stages side by side on one line of time, and everything that was told. */
import { useState } from "preact/hooks";
import type { Job, Stage } from "./api";
import type { Told } from "./live";
import { counted, isLive, type Work, workOf } from "./run_parts";
import { useNow } from "./run_status";
import { happened, STAGES } from "./words";

const VENDORS: Record<string, string> = { anthropic: "Claude", claude: "Claude", elevenlabs: "ElevenLabs", replicate: "Replicate" };

export function Lanes({ job }: { job: Job }) {
  return isLive(job) && !job.awaiting ? <Ticking job={job} /> : <Timed job={job} now={Date.parse(job.ended_at ?? "") || Date.now()} />;
}

function Ticking({ job }: { job: Job }) {
  return <Timed job={job} now={useNow()} />;
}

function Timed({ job, now }: { job: Job; now: number }) {
  const work = workOf(job, now);
  return (
    <ol class="lanes">
      {job.stages.map((stage) => (
        <Lane key={stage.name} job={job} stage={stage} now={now} work={work} />
      ))}
    </ol>
  );
}

function Lane({ job, stage, now, work }: { job: Job; stage: Stage; now: number; work: Work }) {
  const began = stage.started_at ? Date.parse(stage.started_at) : null;
  const ended = stage.completed_at ? Date.parse(stage.completed_at) : stage.status === "processing" ? now : began;
  const passed = began !== null && ended !== null ? Math.max(0, ended - began) / 1000 : null;
  const share = (moment: number) => (100 * work.before(moment)) / Math.max(1, work.seconds);
  const left = began === null ? 0 : Math.min(98, share(began));
  const width = ended === null ? 0 : Math.min(100 - left, Math.max(2, share(ended) - left));
  const live = isLive(job);
  return (
    <li class={`lane ${stage.status}`}>
      <span class="lane-mark" aria-hidden="true" />
      <span class="lane-name">
        {STAGES[stage.name]}
        <small>{[counted(job, stage.name), maker(job, stage.name)].filter(Boolean).join(", ")}</small>
      </span>
      <span class="lane-line" aria-hidden="true">
        {width > 0 && stage.status !== "pending" && (
          <span class="lane-bar" style={{ left: `${left}%`, width: `${width}%` }}>
            <span style={{ width: `${stage.status === "processing" ? stage.progress : 100}%` }} />
          </span>
        )}
      </span>
      <span class="lane-time">
        <span class="unseen">{{ pending: "", processing: `${stage.progress} percent, `, completed: "done, ", failed: "" }[stage.status]}</span>
        {passed === null || stage.status === "pending" ? (live ? "waiting" : "not started") : stage.status === "failed" ? "failed" : duration(passed, stage.status === "processing")}
      </span>
    </li>
  );
}

function duration(seconds: number, running: boolean): string {
  if (seconds < 60) return `${running ? Math.floor(seconds) : seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

function maker(job: Job, stage: string): string {
  const names = new Set<string>();
  for (const part of job.parts) if (part.stage === stage) names.add(VENDORS[String(part.maker["name"] ?? "")] ?? "");
  names.delete("");
  return [...names].join(", ");
}

const WORDS: Record<string, string> = { ...STAGES, completed: "Finish", cancelled: "Finish", error: "Errors" };

export function Events({ events, live }: { events: readonly Told[]; live: boolean }) {
  const [wanted, want] = useState("");
  const [stage, choose] = useState("");
  const [open] = useState(live); // from then on it is the reader's
  if (!events.length) return null;
  const known = [...new Set(events.map((one) => one.stage))];
  const sought = wanted.trim().toLowerCase();
  const found = events.filter((one) => (!stage || one.stage === stage) && (!sought || happened(one.message).toLowerCase().includes(sought)));
  return (
    <details class="told" open={open}>
      <summary>
        Activity <span class="count">{events.length}</span>
      </summary>
      <div class="told-filter">
        <input type="search" value={wanted} placeholder="Search" aria-label="Search activity" onInput={(event) => want(event.currentTarget.value)} />
        <select value={stage} aria-label="Filter by stage" onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">All stages</option>
          {known.map((one) => (
            <option key={one} value={one}>
              {WORDS[one] ?? one}
            </option>
          ))}
        </select>
      </div>
      {found.length ? (
        <ol class="events" tabIndex={0} aria-label="Events, newest first">
          {[...found].reverse().map((event) => (
            <li key={event.seq}>
              <time dateTime={event.timestamp}>{hour(event.timestamp)}</time>
              <span>{happened(event.message)}</span>
            </li>
          ))}
        </ol>
      ) : (
        <p class="quiet">No matches.</p>
      )}
    </details>
  );
}

function hour(stamp: string): string {
  const at = new Date(stamp);
  return Number.isNaN(at.getTime()) ? "" : at.toLocaleTimeString([], { hour12: false });
}
