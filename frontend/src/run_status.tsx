/** How an ad stands: its name, how far it is, what it costs, or what became of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Job } from "./api";
import { isLive, kept, workOf } from "./run_parts";
import { clock } from "./run_player";
import { advice, happened, money, sentence, span, STATUSES } from "./words";

const SPOKEN = 5000; // milliseconds between two sentences for those who listen

export function Head({ job }: { job: Job }) {
  const canvas = job.options["canvas"] as { width?: number } | undefined;
  const made = job.status === "completed" ? workOf(job, Date.parse(job.ended_at ?? "")).seconds : 0;
  return (
    <header class="run-head">
      <p class="crumb">
        <a href="/library">Library</a>
      </p>
      <h1>{job.product_name}</h1>
      <p class="chips">
        <span class={`pill ${job.awaiting ? "awaiting" : job.status}`}>{job.awaiting ? "Needs your OK" : STATUSES[job.status]}</span>
        <span class="chip">{job.style.charAt(0).toUpperCase() + job.style.slice(1)}</span>
        {(canvas?.width ?? 1080) < 1080 && <span class="chip">Draft</span>}
        {job.attempt > 1 && job.status === "failed" && <span class="chip">Attempt {job.attempt}</span>}
        {job.change && <span class="chip">{sentence(job.change).slice(0, -1)}</span>}
        {made > 0 && <span class="chip">Made in {made < 60 ? `${Math.round(made)} s` : `${Math.floor(made / 60)} min ${Math.floor(made % 60)} s`}</span>}
        {!isLive(job) && <span class="chip">{job.cost_usd ? `Cost ${money(job.cost_usd)}` : job.status === "completed" ? "Free" : "No charge"}</span>}
      </p>
    </header>
  );
}

/** What became of it, where that is not a film: what happened, what it cost, what is kept, which button to press. */
export function Ending({ job }: { job: Job }) {
  const there = kept(job);
  if (job.error) {
    const { charged_usd: charged, possibly_charged_usd: possibly, retryable } = job.error;
    const cost = charged || possibly ? `${charged ? money(charged) : "Nothing yet"}${possibly ? `; providers may still charge ${money(possibly)}` : ""}` : "Nothing";
    return (
      <div class="alert outcome" role="alert">
        <h2>What happened</h2>
        <p>{sentence(job.error.message)}</p>
        <dl>
          <Row name="It cost" says={cost} />
          <Row name="Kept" says={there ? sentence(there) : "Nothing yet."} />
          <Row name="What to do" says={job.error.hint ? advice(job.error.hint) : retryable ? 'Press "Try again" to carry on where it stopped.' : "Fix what is named above, then try again."} />
        </dl>
      </div>
    );
  }
  if (job.status !== "cancelled") return null;
  const open = job.money.under_way_usd + job.money.possibly_charged_usd;
  return (
    <div class="alert calm outcome" role="status">
      <h2>You cancelled this ad</h2>
      <dl>
        <Row name="It cost" says={`${job.cost_usd ? money(job.cost_usd) : "Nothing"}${open ? `; providers may still charge ${money(open)}` : ""}`} />
        <Row name="Kept" says={there ? sentence(there) : "Nothing yet."} />
        <Row name="What to do" says={'"Resume" carries on where it stopped. You never pay twice for finished parts.'} />
      </dl>
    </div>
  );
}

function Row({ name, says }: { name: string; says: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{says}</dd>
    </div>
  );
}

/** Said above everything while nobody answers. */
export function Lost({ since }: { since: number }) {
  return (
    <p class="lost" role="status">
      <b>{navigator.onLine ? "The server does not answer." : "You are offline."}</b> Last update: {new Date(since).toLocaleTimeString([], { timeStyle: "short" })}. This page reconnects by itself, and your ad carries on once the server is back.
    </p>
  );
}

interface NowProps {
  job: Job;
  progress: number;
  message: string;
  seconds: number;
  children: preact.ComponentChildren;
}

export function Now({ job, progress, message, seconds, children }: NowProps) {
  const waits = job.status === "pending";
  const queue = job.position ? `${job.position} ${job.position === 1 ? "ad is" : "ads are"} ahead of yours.` : "Starting in a moment.";
  const shown = waits ? queue : sentence(happened(message) || "Getting ready");
  const said = useSpoken(shown);
  const now = useNow();
  const passed = waits ? 0 : workOf(job, now).seconds;
  return (
    <section class="now" aria-label="Progress">
      <div class="now-top">
        <p class="now-words" aria-hidden="true">
          {shown}
        </p>
        <p class="now-percent" aria-hidden="true">
          {progress}
          <small>%</small>
        </p>
      </div>
      <p class="unseen" role="status">
        {said}
      </p>
      <progress max={100} value={progress} aria-label="Progress" />
      <dl class="now-facts">
        <div>
          <dt>{waits ? "Takes" : "Time left"}</dt>
          <dd>{waits || !job.started_at ? span(seconds) : left(passed, progress, seconds)}</dd>
        </div>
        <div>
          <dt>{waits ? "In the queue" : "Elapsed"}</dt>
          <dd>{waits ? (job.position ? `number ${job.position + 1}` : "next") : clock(passed)}</dd>
        </div>
        <Cost job={job} />
      </dl>
      <div class="now-foot">
        <p class="hint">You can close this page. Your ad keeps going and will be in the library.</p>
        {children}
      </div>
    </section>
  );
}

function Cost({ job }: { job: Job }) {
  const { charged_usd: charged, cap_usd: cap, under_way_usd: open } = job.money;
  const free = !charged && !open && !job.money.quoted_usd;
  return (
    <div>
      <dt>Cost so far</dt>
      <dd>
        {charged ? money(charged) : free ? "Free" : "$0.00"}
        {cap != null && !free && <span class="quiet"> of {money(cap)} limit</span>}
      </dd>
      {cap != null && !free && (
        <dd>
          <progress max={cap || 1} value={charged} aria-label="Spent of the limit" />
        </dd>
      )}
    </div>
  );
}

/** What was expected counts at first, what has happened the more the further it is. */
function left(passed: number, progress: number, seconds: number): string {
  const share = progress / 100;
  const whole = share > 0.05 ? seconds * (1 - share) + (passed / share) * share : seconds;
  return whole - passed < 4 ? "any moment" : span(whole - passed);
}

/** The moment, anew each second. */
export function useNow(): number {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** What to say, changing only now and then: whoever listens shall not be talked over. */
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
