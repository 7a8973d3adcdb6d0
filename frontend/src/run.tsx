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
    mount.hidden = false;
    root.remove();
  };
  render(<Run id={job!} at={at!} may={may === "yes"} seconds={Number(seconds)} look={root.dataset as unknown as Look} ready={ready} />, mount);
}
