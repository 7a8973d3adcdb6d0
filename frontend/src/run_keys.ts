/** What keys do on the page of an ad. */
import { useEffect, useRef } from "preact/hooks";
import { shortcut } from "./keys";
import { only } from "./sound";

interface Doing {
  film: { current: HTMLVideoElement | null };
  step: (by: -1 | 1) => void;
  anew: (() => void) | null;
  edit: (() => void) | null;
  compare: (() => void) | null;
}

export function useRunKeys(doing: Doing): void {
  const now = useRef(doing);
  now.current = doing;
  const can = [doing.anew, doing.edit, doing.compare].map((one) => one !== null);
  useEffect(() => {
    const group = { group: "This ad" };
    const undo = [
      shortcut("space", "Play or pause", () => toggle(now.current.film.current), group),
      shortcut("[", "Previous scene", () => now.current.step(-1), group),
      shortcut("]", "Next scene", () => now.current.step(1), group),
    ];
    if (can[0]) undo.push(shortcut("r", "Redo this scene", () => now.current.anew?.(), group));
    if (can[1]) undo.push(shortcut("e", "Edit", () => now.current.edit?.(), group));
    if (can[2]) undo.push(shortcut("v", "Compare versions", () => now.current.compare?.(), group));
    return () => {
      for (const one of undo) one();
    };
  }, [can.join()]);
}

function toggle(film: HTMLVideoElement | null): void {
  const video = film ?? document.querySelector<HTMLVideoElement>(".phone video");
  if (!video) return;
  if (!video.paused) return video.pause();
  if (film) only(film);
  void video.play().catch(() => undefined);
}
