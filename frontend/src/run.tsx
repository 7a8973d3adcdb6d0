/** The page of one ad, live while it is being made. */
import { render } from "preact";
import type { Look } from "./mock";
import { Run } from "./run_page";
import { Share } from "./share";

const root = document.getElementById("run");
const place = document.getElementById("share");

if (root) {
  const { job, status, seconds, at, may } = root.dataset as Record<string, string>;
  if (status === "pending" || status === "processing") {
    const server = [...root.childNodes]; // stays until the first answer is there
    const mount = document.createElement("div");
    mount.className = "run";
    mount.hidden = true;
    root.after(mount);
    const ready = () => {
      mount.hidden = false;
      for (const one of server) one.remove();
      root.remove();
    };
    render(<Run id={job!} at={at!} may={may === "yes"} seconds={Number(seconds)} look={root.dataset as unknown as Look} ready={ready} />, mount);
  } else if (place) {
    render(<Share id={job!} may={may === "yes"} />, place);
  }
}
