/** What the sections of the settings are made of. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { toast } from "./toast";

export function Section({ id, title, lead, children }: { id: string; title: string; lead: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="setting" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        <p class="quiet">{lead}</p>
      </header>
      <div class="setting-body">{children}</div>
    </section>
  );
}

/** Something that is told once: a key, a secret. */
export function Once({ label, text, close }: { label: string; text: string; close: () => void }) {
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      toast("Copied.");
    } catch {
      toast("Select it and copy it.");
    }
  }
  return (
    <div class="once" role="status">
      <p>
        <b>{label}</b> Copy it now; it is not shown again.
      </p>
      <div class="add">
        <input type="text" readOnly value={text} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
        <button class="button primary" type="button" onClick={() => void copy()}>
          Copy
        </button>
        <button class="button" type="button" onClick={close}>
          Done
        </button>
      </div>
    </div>
  );
}

/** A button that asks once before it does what cannot be undone. */
export function Sure({ words, ask, label, act }: { words: string; ask: string; label: string; act: () => Promise<void> }) {
  const [sure, set] = useState(false);
  if (!sure)
    return (
      <button class="button small" type="button" aria-label={label} onClick={() => set(true)}>
        {words}
      </button>
    );
  return (
    <span class="sure-line" role="group" aria-label={ask}>
      <span>{ask}</span>
      <button class="button small solid-danger" type="button" ref={(one) => one?.focus()} onClick={() => void act().finally(() => set(false))}>
        {words}
      </button>
      <button class="button small" type="button" onClick={() => set(false)}>
        Keep
      </button>
    </span>
  );
}

export function day(moment: string | null | undefined): string {
  return moment ? new Date(moment).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" }) : "never";
}

export function clock(moment: string): string {
  return new Date(moment).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
}
