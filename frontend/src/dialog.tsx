/** A question or a view over the page; the browser keeps the focus in it and gives it back. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Dialog({ title, wide = false, onClose, children }: { title: string; wide?: boolean; onClose: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-first]")?.focus(); // not `autofocus`: browsers complain of it where something has the focus
    return () => dialog?.close();
  }, []);
  return (
    <dialog class={`dialog${wide ? " wide" : ""}`} ref={box} aria-label={title} onClose={onClose} onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}>
      <div class="dialog-body">
        <header class="dialog-top">
          <h2>{title}</h2>
          <button class="icon-button" type="button" aria-label="Close" onClick={() => box.current?.close()}>
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <path d="M3 3l10 10M13 3L3 13" />
            </svg>
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
