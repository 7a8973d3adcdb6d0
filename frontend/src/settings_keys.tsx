/** API keys, for programs; and what was done with them. */
import { useEffect, useState } from "preact/hooks";
import { send } from "./api";
import { clock, day, Once, Section, Sure } from "./settings_parts";
import { toast } from "./toast";
import { why } from "./upload";

interface Key {
  id: string;
  name: string;
  scopes: string[];
  last4: string;
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
}
interface Entry {
  id: number;
  at: string;
  actor: string;
  action: string;
  target: string;
  outcome: string;
  address: string;
}

const SCOPES: [string, string][] = [
  ["jobs:read", "View ads"],
  ["jobs:write", "Make ads"],
  ["admin", "Everything"],
];
const MONTHS: [string, string][] = [
  ["", "Never"],
  ["30", "In 30 days"],
  ["90", "In 90 days"],
  ["365", "In a year"],
];

export function Keys() {
  const [keys, set] = useState<Key[] | null>(null);
  const [name, type] = useState("");
  const [scope, grant] = useState("jobs:write");
  const [days, setDays] = useState("");
  const [made, setMade] = useState("");
  const [wrong, setWrong] = useState("");
  async function look(): Promise<void> {
    try {
      set((await send<{ items: Key[] }>("GET", "/keys")).items);
    } catch (error) {
      setWrong(why(error));
    }
  }
  useEffect(() => void look(), []);

  async function make(event: Event): Promise<void> {
    event.preventDefault();
    setWrong("");
    const scopes = SCOPES.map(([one]) => one).slice(0, SCOPES.findIndex(([one]) => one === scope) + 1);
    try {
      const one = await send<Key & { key: string }>("POST", "/keys", { name: name.trim(), scopes, expires_in_days: days ? Number(days) : null });
      setMade(one.key);
      type("");
      await look();
    } catch (error) {
      setWrong(why(error));
    }
  }
  async function revoke(one: Key): Promise<void> {
    try {
      await send("DELETE", `/keys/${encodeURIComponent(one.id)}`);
      toast(`${one.name} was revoked.`);
    } catch (error) {
      setWrong(why(error));
    }
    await look();
  }
  return (
    <Section id="api-keys" title="API keys" lead="For your shop system or other programs. Give each program its own key, so you can revoke it alone.">
      <form class="key-form" onSubmit={(event) => void make(event)}>
        <label class="field">
          <span class="label">Name</span>
          <input required maxLength={100} autocomplete="off" placeholder="Shop backend" value={name} onInput={(event) => type(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span class="label">Allowed to</span>
          <select value={scope} onChange={(event) => grant(event.currentTarget.value)}>
            {SCOPES.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span class="label">Expires</span>
          <select value={days} onChange={(event) => setDays(event.currentTarget.value)}>
            {MONTHS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <button class="button" type="submit">
          Create key
        </button>
      </form>
      {made && <Once label="Your new key." text={made} close={() => setMade("")} />}
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
      {keys && keys.length > 0 && (
        <ul class="rows">
          {keys.map((one) => (
            <li key={one.id}>
              <div>
                <b>{one.name}</b>
                <p class="quiet">
                  ends in <code>{one.last4}</code>, {(SCOPES.findLast(([scope]) => one.scopes.includes(scope))?.[1] ?? "").toLowerCase()}, last used {one.used_at ? clock(one.used_at) : "never"}
                  {one.expires_at && `, until ${day(one.expires_at)}`}
                </p>
              </div>
              <Sure words="Revoke" label={`Revoke ${one.name}`} ask="Programs using it stop working." act={() => revoke(one)} />
            </li>
          ))}
        </ul>
      )}
      {keys && !keys.length && <p class="quiet">No keys yet.</p>}
    </Section>
  );
}

/** `words`: action -> what it is to people; what is not in it is shown as the log calls it. */
export function Audit({ words }: { words: Record<string, string> }) {
  const [entries, set] = useState<Entry[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [wrong, setWrong] = useState("");
  async function look(): Promise<void> {
    try {
      const page = await send<{ items: Entry[]; next_cursor: string | null }>("GET", `/audit?limit=20${next ? `&cursor=${encodeURIComponent(next)}` : ""}`);
      set((known) => [...(known ?? []), ...page.items]);
      setNext(page.next_cursor);
    } catch (error) {
      setWrong(why(error));
    }
  }
  return (
    <Section id="audit" title="Audit log" lead="Who changed what, and when.">
      {entries === null ? (
        <p>
          <button class="button" type="button" onClick={() => void look()}>
            Show recent entries
          </button>
        </p>
      ) : (
        <>
          <div class="table" tabIndex={0} role="region" aria-label="Audit log">
            <table>
              <thead>
                <tr>
                  <th>When</th>
                  <th>Who</th>
                  <th>What</th>
                  <th>Result</th>
                </tr>
              </thead>
              <tbody>
                {entries.map((one) => (
                  <tr key={one.id}>
                    <td>{clock(one.at)}</td>
                    <td>{one.actor}</td>
                    <td>
                      <b title={one.action}>{words[one.action] ?? one.action}</b> {one.target}
                    </td>
                    <td class={one.outcome === "ok" ? "" : "wrong"}>{one.outcome}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {next && (
            <p>
              <button class="button small" type="button" onClick={() => void look()}>
                Older
              </button>
            </p>
          )}
        </>
      )}
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
    </Section>
  );
}
