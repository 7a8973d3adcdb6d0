/** Several ads of one photo: the form for them, and the page where they stand side by side. */
import { render } from "preact";
import { stylesIn } from "./poster";
import type { Cloud } from "./variants_deal";
import { Form } from "./variants_form";
import { Group } from "./variants_group";

const form = document.getElementById("variants");
const group = document.getElementById("group");

if (form) {
  const { most, name, cta, photo } = form.dataset as Record<string, string>;
  const styles = stylesIn(form);
  const cloud = JSON.parse(form.dataset["cloud"]!) as Cloud;
  form.replaceChildren();
  render(<Form styles={styles} most={Number(most)} limits={{ name: Number(name), cta: Number(cta), photo: Number(photo) }} cloud={cloud} />, form);
}
if (group) {
  const styles = stylesIn(group);
  const server = [...group.childNodes]; // stays until the first answer is there
  const mount = document.createElement("div");
  mount.hidden = true;
  group.append(mount);
  const ready = () => {
    mount.hidden = false;
    for (const one of server) one.remove();
  };
  render(<Group id={group.dataset["group"]!} may={group.dataset["may"] === "yes"} styles={styles} ready={ready} />, mount);
}
