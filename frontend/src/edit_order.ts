/** Scenes that change places, by pointer or by button; the focus goes along. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** Return what begins a drag of a scene; the list is that of the rows, each with `data-scene`. */
export function useDrag(list: RefObject<HTMLElement | null>, order: (from: number, to: number) => void): (event: PointerEvent) => void {
  const go = useRef(order);
  go.current = order;
  return (event) => {
    const row = (event.target as Element).closest<HTMLElement>("[data-scene]");
    if (!row || event.button !== 0) return;
    event.preventDefault();
    const id = row.dataset["scene"]!;
    row.classList.add("dragged");
    const rows = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-scene]") ?? [])];
    // Listeners of the window: a row that moves in the document would lose a capture of the pointer.
    function move(one: PointerEvent): void {
      const all = rows();
      const from = all.findIndex((other) => other.dataset["scene"] === id);
      const before = all[from - 1]?.getBoundingClientRect();
      const after = all[from + 1]?.getBoundingClientRect();
      if (before && one.clientY < before.top + before.height / 2) go.current(from, from - 1);
      else if (after && one.clientY > after.top + after.height / 2) go.current(from, from + 1);
    }
    function end(): void {
      window.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, end);
      row!.classList.remove("dragged");
    }
    window.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end);
  };
}

/** Give the focus back to a button whose row moved: browsers take it from what is moved in the document. */
export function useMovedFocus(list: RefObject<HTMLElement | null>): (scene: number, by: -1 | 1) => void {
  const wanted = useRef<{ scene: number; by: -1 | 1 } | null>(null);
  useLayoutEffect(() => {
    const one = wanted.current;
    if (!one) return;
    wanted.current = null;
    const row = list.current?.querySelector(`[data-scene="${one.scene}"]`);
    const buttons = [one.by, -one.by].map((by) => row?.querySelector<HTMLButtonElement>(`[data-move="${by}"]`));
    buttons.find((button) => button && !button.disabled)?.focus();
  });
  return (scene, by) => {
    wanted.current = { scene, by };
  };
}
