/** Addresses that are told when ads end, and what was sent to them. */
import { useEffect, useState } from "preact/hooks";
import { send } from "./api";
import { clock, Once, Section, Sure } from "./settings_parts";
import { toast } from "./toast";
import { why } from "./upload";

interface Hook {
  id: string;
  url: string;
  events: string[];
  enabled: boolean;
  disabled_because: string | null;
}
interface Delivery {
  id: string;
  type: string;
  job_id: string;
  state: string;
  attempts: number;
  created_at: string;
  log: { at: string; status: number | null; ms: number; error: string }[];
}

const EVENTS: [string, string][] = [
  ["job.completed", "An ad is ready"],
  ["job.failed", "An ad failed"],
  ["job.cancelled", "An ad was cancelled"],
  ["job.awaiting_approval", "A script needs approval"],
];
const STATES: Record<string, [string, string]> = { delivered: ["completed", "Delivered"], failed: ["failed", "Failed"], pending: ["processing", "Sending"] };

export function Webhooks({ may }: { may: boolean }) {
  const [hooks, set] = useState<Hook[] | null>(null);
  const [url, type] = useState("");
  const [events, choose] = useState<string[]>([]);
  const [secret, setSecret] = useState("");
  const [wrong, setWrong] = useState("");
  async function look(): Promise<void> {
    try {
      set((await send<{ items: Hook[] }>("GET", "/webhooks")).items);
    } catch (error) {
      setWrong(why(error));
    }
  }
  useEffect(() => void look(), []);
  async function add(event: Event): Promise<void> {
    event.preventDefault();
    setWrong("");
    try {
      const made = await send<Hook & { secret: string }>("POST", "/webhooks", { url: url.trim(), events });
      setSecret(made.secret);
      type("");
      choose([]);
      await look();
    } catch (error) {
      setWrong(why(error));
    }
  }
  return (
    <Section id="webhooks" title="Webhooks" lead="We call these addresses when an ad finishes. Calls are signed and retried for up to three days.">
      {may && (
        <form class="stack" onSubmit={(event) => void add(event)}>
          <div class="add">
            <input type="url" required maxLength={2000} aria-label="Address" placeholder="https://example.com/hooks/badapple" value={url} onInput={(event) => type(event.currentTarget.value)} />
            <button class="button" type="submit">
              Add
            </button>
          </div>
          <fieldset class="boxes">
            <legend class="hint">Events to send (none ticked means all)</legend>
            {EVENTS.map(([value, words]) => (
              <label key={value}>
                <input type="checkbox" checked={events.includes(value)} onChange={() => choose((known) => (known.includes(value) ? known.filter((one) => one !== value) : [...known, value]))} />
                {words}
              </label>
            ))}
          </fieldset>
        </form>
      )}
      {secret && <Once label="Messages are signed with this secret." text={secret} close={() => setSecret("")} />}
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
      {hooks && hooks.length > 0 && (
        <ul class="rows">
          {hooks.map((one) => (
            <One key={one.id} hook={one} may={may} look={look} />
          ))}
        </ul>
      )}
      {hooks && !hooks.length && <p class="quiet">No webhooks yet.</p>}
    </Section>
  );
}

function One({ hook, may, look }: { hook: Hook; may: boolean; look: () => Promise<void> }) {
  const [sent, setSent] = useState<Delivery[] | null>(null);
  const [open, setOpen] = useState(false);
  const path = `/webhooks/${encodeURIComponent(hook.id)}`;
  const told = hook.events.length ? hook.events.map((one) => EVENTS.find(([value]) => value === one)?.[1] ?? one).join(", ") : "Everything";

  async function deliveries(): Promise<void> {
    try {
      setSent((await send<{ items: Delivery[] }>("GET", `${path}/deliveries?limit=10`)).items);
    } catch (error) {
      toast(why(error));
    }
  }
  async function act(method: "POST" | "PATCH" | "DELETE", rest: string, words: string, body?: unknown): Promise<void> {
    try {
      await send(method, path + rest, body);
      toast(words);
    } catch (error) {
      toast(why(error));
    }
  }
  async function test(): Promise<void> {
    await act("POST", "/test", "Test sent.");
    setOpen(true);
    for (const wait of [0, 1500, 3000]) {
      await new Promise((done) => setTimeout(done, wait));
      await deliveries();
    }
  }
  return (
    <li class="hook">
      <div>
        <b class="address">{hook.url}</b>
        <p class="quiet">
          {told}
          {!hook.enabled && `. Switched off${hook.disabled_because ? `: ${hook.disabled_because}` : ""}`}
        </p>
      </div>
      {may && (
        <p class="actions">
          <button class="button small" type="button" disabled={!hook.enabled} aria-label={`Test ${hook.url}`} onClick={() => void test()}>
            Test
          </button>
          <button class="button small" type="button" aria-pressed={!hook.enabled} onClick={() => void act("PATCH", "", hook.enabled ? "Switched off." : "Switched on.", { enabled: !hook.enabled }).then(look)}>
            {hook.enabled ? "Switch off" : "Switch on"}
          </button>
          <Sure words="Remove" label={`Remove ${hook.url}`} ask="Remove it and its log?" act={() => act("DELETE", "", "Removed.").then(look)} />
        </p>
      )}
      <details
        open={open}
        onToggle={(event) => {
          setOpen(event.currentTarget.open);
          if (event.currentTarget.open && sent === null) void deliveries();
        }}
      >
        <summary>Delivery log</summary>
        {sent && !sent.length && <p class="quiet">Nothing yet.</p>}
        <ul class="sent">
          {sent?.map((one) => (
            <li key={one.id}>
              <span class={`pill ${STATES[one.state]?.[0] ?? ""}`}>{STATES[one.state]?.[1] ?? one.state}</span>
              <span>
                {one.type} <span class="quiet">{clock(one.created_at)}</span>
                {one.log.at(-1)?.error && <span class="wrong"> {one.log.at(-1)!.error}</span>}
              </span>
              {may && one.state === "failed" && (
                <button class="button small" type="button" onClick={() => void act("POST", `/deliveries/${encodeURIComponent(one.id)}/resend`, "Sent again.").then(deliveries)}>
                  Send again
                </button>
              )}
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}
