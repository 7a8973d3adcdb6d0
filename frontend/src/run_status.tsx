/** How an ad stands: its name, how far it is, what it costs, or what became of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Job } from "./api";
import { isLive, kept, workOf } from "./run_parts";
import { clock } from "./run_player";
import { advice, money, sentence, span, STATUSES } from "./words";

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
        <span class={`pill ${job.awaiting ? "awaiting" : job.status}`}>{job.awaiting ? "Waits for you" : STATUSES[job.status]}</span>
        <span class="chip">{job.style}</span>
        {(canvas?.width ?? 1080) < 1080 && <span class="chip">draft</span>}
        {job.attempt > 1 && job.status === "failed" && <span class="chip">attempt {job.attempt}</span>}
        {job.change && <span class="chip">{job.change}</span>}
        {made > 0 && <span class="chip">made in {made < 60 ? `${Math.round(made)} s` : `${Math.floor(made / 60)} min ${Math.floor(made % 60)} s`}</span>}
        {!isLive(job) && <span class="chip">{job.cost_usd ? `cost ${money(job.cost_usd)}` : "cost nothing"}</span>}
      </p>
    </header>
  );
}

/** What became of it, where that is not a film: what happened, what it cost, what is kept, which button to press. */
export function Ending({ job }: { job: Job }) {
  const there = kept(job);
  if (job.error) {
    const { charged_usd: charged, possibly_charged_usd: possibly, retryable } = job.error;
    const cost = charged || possibly ? `${charged ? money(charged) : "Nothing yet"}${possibly ? `; vendors may still charge ${money(possibly)}` : ""}` : "Nothing";
    return (
      <div class="alert outcome" role="alert">
        <h2>What happened</h2>
        <p>{sentence(job.error.message)}</p>
        <dl>
          <Row name="It cost" says={cost} />
          <Row name="Kept" says={there ? sentence(there) : "Nothing was finished yet"} />
          <Row name="What to do" says={job.error.hint ? advice(job.error.hint) : retryable ? 'Press "Try again": it goes on where it stopped.' : "Change what is named above, then try again."} />
        </dl>
      </div>
    );
  }
  if (job.status !== "cancelled") return null;
  const open = job.money.under_way_usd + job.money.possibly_charged_usd;
  return (
    <div class="alert calm outcome" role="status">
      <h2>You ended it</h2>
      <dl>
        <Row name="It cost" says={`${job.cost_usd ? money(job.cost_usd) : "Nothing"}${open ? `; vendors may still charge ${money(open)}` : ""}`} />
        <Row name="Kept" says={there ? sentence(there) : "Nothing was finished yet"} />
        <Row name="What to do" says={'"Go on" takes it up where it stopped. What is kept costs nothing again.'} />
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
      <b>{navigator.onLine ? "The server does not answer." : "You are offline."}</b> This is how it was at {new Date(since).toLocaleTimeString([], { timeStyle: "short" })}. The page goes on by itself, and so does the ad.
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
  const queue = job.position ? `${job.position} ${job.position === 1 ? "ad goes" : "ads go"} first.` : "It begins in a moment.";
  const shown = waits ? queue : sentence(message || "Getting ready");
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
          <dt>{waits ? "Takes" : "Left"}</dt>
          <dd>{waits || !job.started_at ? span(seconds) : left(passed, progress, seconds)}</dd>
        </div>
        <div>
          <dt>{waits ? "In line" : "At work"}</dt>
          <dd>{waits ? (job.position ? `place ${job.position + 1}` : "next") : clock(passed)}</dd>
        </div>
        <Cost job={job} />
      </dl>
      <div class="now-foot">
        <p class="hint">You can close this page: the ad is made all the same, and stands in the library.</p>
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
        {cap != null && !free && <span class="quiet"> of {money(cap)} at most</span>}
      </dd>
      {cap != null && !free && (
        <dd>
          <progress max={cap || 1} value={charged} aria-label="Spent of what it may cost" />
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
