/** The page of one ad; the server's own page stays until the first answer is there. */
import { render } from "preact";
import type { Look } from "./mock";
import { Run } from "./run_page";

const root = document.getElementById("run");

if (root) {
  const { job, seconds, at, may } = root.dataset as Record<string, string>;
  const mount = document.createElement("div");
  mount.className = "run";
  mount.hidden = true;
  root.after(mount);
  const ready = () => {
    if (root.matches(":active")) return void setTimeout(ready, 50); // somebody is pressing a button of it
    const [old, now] = [root, mount].map((page) => page.querySelector<HTMLDetailsElement>(".delete"));
    const focused = old?.contains(document.activeElement);
    mount.hidden = false;
    root.remove();
    if (!old || !now) return;
    now.open = old.open; // what was asked before the scripts were there
    if (focused) now.querySelector("summary")?.focus();
  };
  render(<Run id={job!} at={at!} may={may === "yes"} seconds={Number(seconds)} look={root.dataset as unknown as Look} ready={ready} />, mount);
}
