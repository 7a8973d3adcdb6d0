/** A link for others, made when it is asked for. */
import { useState } from "preact/hooks";
import { jobPath, type Link, Refused, send } from "./api";

const WEEK = 7 * 24 * 3600;

export function Share({ id, may }: { id: string; may: boolean }) {
  const [said, say] = useState("");
  const [url, setUrl] = useState("");
  if (!may) return null;

  async function make(): Promise<void> {
    try {
      const made = await send<Link>("POST", jobPath(id, "/links"), { file: "video", expires_in: WEEK });
      setUrl(made.url);
      await navigator.clipboard.writeText(made.url);
      say("Copied. Anybody may follow it for a week.");
    } catch (error) {
      say(error instanceof Refused ? error.problem.detail : "Copy it from here. Anybody may follow it for a week.");
    }
  }

  return (
    <div class="share">
      <button class="button" type="button" onClick={() => void make()}>
        Copy a link
      </button>
      {url && <input type="text" readOnly value={url} aria-label="Link to the video" onFocus={(event) => event.currentTarget.select()} />}
      <p class="hint" role="status">
        {said}
      </p>
    </div>
  );
}
