/** One job, followed: its events as they happen, and the job itself whenever there is news of it. */
import { type Job, jobPath, Refused, watcher } from "./api";

export interface Told {
  job_id: string;
  seq: number;
  stage: string;
  progress: number;
  message: string;
  timestamp: string;
}

export interface Listener {
  job(job: Job): void;
  told(event: Told): void;
  /** Whether the server answers. */
  line(good: boolean): void;
  /** The job is not to be had any more: it was deleted, or whoever looks was signed out. */
  gone?(why: Refused): void;
}

const NEVER = new Set([401, 403, 404]); // statuses after which asking again is of no use

const PAUSE = 600; // milliseconds between two looks at the job
const AGAIN = 4000; // milliseconds after which a look that failed is tried again

/** Follow a job until it has ended. */
export function follow(id: string, listener: Listener): void {
  const look = watcher(id);
  let source: EventSource | null = null;
  let due = 0;
  let looking = false;
  let wanted = false;
  let ended = false;

  async function now(): Promise<void> {
    if (looking) {
      wanted = true;
      return;
    }
    looking = true;
    wanted = false;
    let pause = PAUSE;
    try {
      const job = await look();
      listener.line(true);
      if (job) {
        ended = !["pending", "processing"].includes(job.status);
        listener.job(job);
      }
    } catch (error) {
      if (listener.gone && error instanceof Refused && NEVER.has(error.problem.status)) {
        source?.close();
        return listener.gone(error);
      }
      listener.line(false);
      wanted = true;
      pause = AGAIN;
    }
    looking = false;
    if (ended) source?.close();
    else if (wanted || source?.readyState === EventSource.CLOSED) due = window.setTimeout(() => void now(), pause);
  }

  function soon(): void {
    clearTimeout(due);
    due = window.setTimeout(() => void now(), looking ? PAUSE : 120);
  }

  function listen(): void {
    source?.close();
    // The browser comes back by itself, and says what it saw last.
    const opened = new EventSource(`/api/v1${jobPath(id, "/events")}`);
    opened.onmessage = (message: MessageEvent<string>) => {
      listener.told(JSON.parse(message.data) as Told);
      soon();
    };
    opened.addEventListener("end", () => {
      opened.close();
      soon();
    });
    opened.onopen = soon;
    opened.onerror = soon;
    source = opened;
    void now();
  }

  // An ad that has ended is taken up again in another window: that window says so when it opens its page.
  const others = new BroadcastChannel("ads");
  others.onmessage = (message: MessageEvent<string>) => {
    if (message.data === id && ended) listen();
  };
  others.postMessage(id);
  listen();
}
