/** A link for others, good for as long as is chosen. */
import { useState } from "preact/hooks";
import { jobPath, type Link, Refused, send } from "./api";

const HOUR = 3600;
const TERMS: readonly (readonly [number, string])[] = [
  [HOUR, "an hour"],
  [24 * HOUR, "a day"],
  [7 * 24 * HOUR, "a week"],
];

export function Share({ id, may }: { id: string; may: boolean }) {
  const [term, setTerm] = useState(24 * HOUR);
  const [said, say] = useState("");
  const [url, setUrl] = useState("");
  if (!may) return null;

  async function make(): Promise<void> {
    let made: Link;
    try {
      made = await send<Link>("POST", jobPath(id, "/links"), { file: "video", expires_in: term, page: true });
    } catch (error) {
      return say(error instanceof Refused ? error.problem.detail : "The server does not answer. Try again.");
    }
    const until = new Date(made.expires_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    setUrl(made.url);
    const copied = await navigator.clipboard?.writeText(made.url).then(() => true, () => false);
    say(`${copied ? "Copied." : "Copy it from the field above."} Anyone with the link can watch until ${until}.`);
  }

  return (
    <div class="share">
      <div class="share-row">
        <button class="button" type="button" onClick={() => void make()}>
          Copy a link
        </button>
        <label>
          <span class="unseen">How long the link works</span>
          <select value={term} onChange={(event) => setTerm(Number(event.currentTarget.value))}>
            {TERMS.map(([seconds, words]) => (
              <option key={seconds} value={seconds}>
                for {words}
              </option>
            ))}
          </select>
        </label>
      </div>
      {url && <input type="text" readOnly value={url} aria-label="Link to the ad" onFocus={(event) => event.currentTarget.select()} />}
      <p class="hint" role="status">
        {said}
      </p>
    </div>
  );
}
