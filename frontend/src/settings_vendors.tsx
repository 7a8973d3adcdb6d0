/** Who makes the parts, what may be spent, and how the server stands. */
import { useState } from "preact/hooks";
import { send } from "./api";
import { Section, Sure } from "./settings_parts";
import { toast } from "./toast";
import { why } from "./upload";
import { advice, money, sentence } from "./words";

export interface Provider {
  name: string;
  title: string;
  variable: string;
  configured: boolean;
  source: string | null;
  writable: boolean;
  locked_because: string | null;
  used_for: string[];
  usable: boolean;
  lacks: string | null;
}
export interface Cap {
  job_usd: number | null;
  daily_usd: number | null;
  configured_job_usd: number | null;
  configured_daily_usd: number | null;
  effective_job_usd: number | null;
  effective_daily_usd: number | null;
  spent_today_usd: number;
  writable: boolean;
}
export interface ServerSettings {
  version: string;
  providers: Provider[];
  caps: Cap;
  sandbox: { level: string; detail: string | null; hint: string | null };
  secrets_file: { problem: string | null; hint: string | null } | null;
}
interface Test {
  ok: boolean;
  detail: string;
  hint: string | null;
}

const PARTS: Record<string, string> = { script: "the script", voice: "the voice", video: "the scenes", cta: "the end card" };
const FROM: Record<string, string> = { environment: "the environment", config: "badapple.toml", file: "this page" };

export function Providers({ providers, problem, hint, change }: { providers: Provider[]; problem: string | null; hint: string | null; change: (set: (known: ServerSettings | null) => ServerSettings | null) => void }) {
  const put = (one: Provider) => change((known) => known && { ...known, providers: known.providers.map((other) => (other.name === one.name ? one : other)) });
  return (
    <Section id="keys" title="Providers" lead="Ads are made on this server for free. Add a key to let these services make parts of them instead. Keys are never shown again.">
      {problem && (
        <p class="note poor">
          {problem} {hint}
        </p>
      )}
      <article class="vendor">
        <header>
          <h3>This server (offline)</h3>
          <span class="pill completed">Ready</span>
        </header>
        <p class="quiet">Script, voice, scenes and end card. Free, and nothing leaves this machine.</p>
      </article>
      {providers.map((one) => (
        <Vendor key={one.name} one={one} put={put} />
      ))}
    </Section>
  );
}

function Vendor({ one, put }: { one: Provider; put: (one: Provider) => void }) {
  const [key, type] = useState("");
  const [wrong, setWrong] = useState("");
  const [test, setTest] = useState<Test | "busy" | null>(null);
  const path = `/settings/keys/${one.name}`;

  async function keep(event: Event): Promise<void> {
    event.preventDefault();
    setWrong("");
    try {
      put(await send<Provider>("PUT", path, { key: key.trim() }));
      type("");
      toast(`${one.title} key saved.`);
      void ask();
    } catch (error) {
      setWrong(why(error));
    }
  }
  async function forget(): Promise<void> {
    try {
      put(await send<Provider>("DELETE", path));
      setTest(null);
      toast(`${one.title} key removed.`);
    } catch (error) {
      setWrong(why(error));
    }
  }
  async function ask(): Promise<void> {
    setTest("busy");
    try {
      setTest(await send<Test>("POST", `/settings/providers/${one.name}/test`));
    } catch (error) {
      setTest({ ok: false, detail: why(error), hint: null });
    }
  }
  const failed = test !== null && test !== "busy" && !test.ok;
  const usable = failed ? ["failed", "Key set, test failed"] : ["completed", "Ready"];
  const state = one.usable ? usable : one.configured ? ["failed", "Not usable"] : ["", "No key"];
  const own = one.source === "file";
  return (
    <article class="vendor" aria-label={one.title}>
      <header>
        <h3>{one.title}</h3>
        <span class={`pill ${state[0]}`}>{state[1]}</span>
      </header>
      <p class="quiet">
        For {one.used_for.map((part) => PARTS[part] ?? part).join(" and ")}
        {one.source ? <>, with the key from {FROM[one.source] ?? one.source}{one.source === "environment" && <>, <code>{one.variable}</code></>}.</> : <>. Paste a key, or set <code>{one.variable}</code> on the server.</>}
        {!one.usable && one.lacks && one.configured && <> It lacks {one.lacks}.</>}
      </p>
      {one.writable ? (
        <form class="add" onSubmit={(event) => void keep(event)}>
          <input type="password" aria-label={`Key of ${one.title}`} autocomplete="off" spellcheck={false} placeholder={own ? "Paste a new key" : "Paste the key"} value={key} onInput={(event) => type(event.currentTarget.value)} />
          <button class="button" type="submit" disabled={key.trim().length < 8}>
            Save
          </button>
        </form>
      ) : (
        one.locked_because && <p class="quiet">{one.locked_because[0]!.toUpperCase() + one.locked_because.slice(1).replace(/[.]?$/, ".")}</p>
      )}
      {one.configured && (
        <p class="actions">
          <button class="button small" type="button" disabled={test === "busy"} aria-label={`Test ${one.title}`} onClick={() => void ask()}>
            {test === "busy" ? "Testing..." : "Test"}
          </button>
          {own && one.writable && <Sure words="Remove" label={`Remove the key of ${one.title}`} ask="Remove the key?" act={forget} />}
        </p>
      )}
      <p class="verdict" role="status">
        {test && test !== "busy" && (
          <span class={test.ok ? "good" : "wrong"}>
            {test.ok ? "It works. " : "It does not work. "}
            {sentence(test.detail)} {advice(test.hint ?? "")}
          </span>
        )}
      </p>
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
    </article>
  );
}

export function Caps({ caps }: { caps: Cap }) {
  const [known, know] = useState(caps);
  const [job, setJob] = useState(text(caps.job_usd));
  const [day, setDay] = useState(text(caps.daily_usd));
  const [wrong, setWrong] = useState("");
  const changed = job !== text(known.job_usd) || day !== text(known.daily_usd);
  async function keep(event: Event): Promise<void> {
    event.preventDefault();
    setWrong("");
    try {
      const put = await send<Cap>("PUT", "/settings/caps", { job_usd: amount(job), daily_usd: amount(day) });
      know(put);
      setJob(text(put.job_usd));
      setDay(text(put.daily_usd));
      toast("Saved.");
    } catch (error) {
      setWrong(why(error));
    }
  }
  const cap = known.effective_daily_usd;
  return (
    <Section id="caps" title="Spending" lead="Hard limits for every ad and every day. Leave a field empty for no limit.">
      <form class="stack" onSubmit={(event) => void keep(event)}>
        <div class="pair">
          <Dollars id="cap-job" words="Limit per ad" value={job} set={setJob} server={known.configured_job_usd} locked={!known.writable} />
          <Dollars id="cap-day" words="Limit per day" value={day} set={setDay} server={known.configured_daily_usd} locked={!known.writable} />
        </div>
        <div class="spent">
          <p>
            <b>{known.spent_today_usd ? money(known.spent_today_usd) : "Nothing"}</b> spent today{cap != null && ` of ${dollars(cap)}`}
          </p>
          {cap != null && cap > 0 && <progress max={cap} value={Math.min(cap, known.spent_today_usd)} aria-label="Spent today" />}
        </div>
        {known.writable && (
          <p class="actions">
            <button class="button" type="submit" disabled={!changed}>
              Save
            </button>
          </p>
        )}
        {wrong && (
          <p class="wrong" role="alert">
            {wrong}
          </p>
        )}
      </form>
    </Section>
  );
}

function Dollars({ id, words, value, set, server, locked }: { id: string; words: string; value: string; set: (text: string) => void; server: number | null; locked: boolean }) {
  return (
    <div class="field">
      <label class="label" for={id}>
        {words}
      </label>
      <div class="dollars">
        <span aria-hidden="true">$</span>
        <input id={id} type="number" inputMode="decimal" min={0} max={1000000} step="any" placeholder="no limit" value={value} disabled={locked} onInput={(event) => set(event.currentTarget.value)} />
      </div>
      {server != null && <p class="hint">The server's own limit is {dollars(server)}.</p>}
    </div>
  );
}

function dollars(amount: number): string {
  return amount > 0 ? money(amount) : "$0";
}

function text(amount: number | null): string {
  return amount == null ? "" : String(amount);
}

function amount(text: string): number | null {
  return text.trim() === "" ? null : Number(text);
}

const LEVELS: Record<string, [string, string, string]> = {
  bubblewrap: ["completed", "On", "Photos are opened in isolation, with no access to files or the network."],
  limits: ["", "Limits only", "Photos are opened with limits on time and memory, but not in isolation."],
  none: ["failed", "Unavailable", "Photos cannot be opened: this server requires isolation, and it is not available."],
};

export function Server({ settings }: { settings: ServerSettings }) {
  const [state, name, words] = LEVELS[settings.sandbox.level] ?? ["", settings.sandbox.level, ""];
  return (
    <Section id="server" title="This server" lead={`badapple ${settings.version}`}>
      <article class="vendor">
        <header>
          <h3>Sandbox</h3>
          <span class={`pill ${state}`}>{name}</span>
        </header>
        <p class="quiet">{words}</p>
        {(settings.sandbox.detail || settings.sandbox.hint) && (
          <p class="quiet">
            {settings.sandbox.detail} {settings.sandbox.hint}
          </p>
        )}
      </article>
    </Section>
  );
}
