/** The page of a new ad: the form is the server's own, this makes it live. */
import { render } from "preact";
import { contrast, wordsOn } from "./colour";
import { clear } from "./new_errors";
import { choice, cloud, facts, form, part, style } from "./new_form";
import { forget, keep, recall } from "./new_memory";
import { type Ground, NewMock } from "./new_mock";
import * as money from "./new_money";
import * as photo from "./new_photo";
import * as sending from "./new_send";
import * as styles from "./new_styles";
import * as voice from "./new_voice";
import * as words from "./new_words";

const name = part<HTMLInputElement>("name");
const cta = part<HTMLInputElement>("cta");
const phone = part("mock");
const mini = part("mini");
const READ = 4.5; // contrast of words
let due = 0;

/** The colours that the film will have: the style's, and the brand's over them. */
function ground(): Ground {
  const data = style().dataset as unknown as Ground & { grounds: string };
  const found: Ground = { ...data, stops: data.grounds.split(" ") };
  if (choice("brand") !== "true") return found;
  const { brandAccent, brandInk, brandGround } = form.dataset;
  if (brandAccent) [found.accent, found.onAccent] = [brandAccent, wordsOn(brandAccent)];
  if (brandInk) found.ink = brandInk;
  if (brandGround) [found.fill, found.stops] = [brandGround, [brandGround, brandGround, brandGround]];
  if (brandGround && contrast(found.ink, brandGround) < READ) found.ink = wordsOn(brandGround); // so does the video
  return found;
}

function draw(): void {
  const state = photo.photo();
  const picture = "url" in state && state.kind !== "failed" ? state.url : null;
  const cutout = state.kind === "ready" ? state.cutout : null;
  const said = { name: name.value.trim() || "Your product", cta: cta.value.trim() || cta.placeholder };
  const sight = cutout ? "your product" : picture ? "your photo" : "text only";
  const mock = { ground: ground(), ...said, cutout, picture, words: `Preview of the closing scene: ${sight}, ${said.name}, button ${said.cta}` };
  render(<NewMock {...mock} id="mock" />, phone);
  render(<NewMock {...mock} id="mini" />, mini);
}

function remember(): void {
  clearTimeout(due);
  due = window.setTimeout(() => keep(facts(), photo.uploaded()), 250);
}

function more(): void {
  const spoken = part<HTMLSelectElement>("language").selectedOptions[0]!.textContent!;
  const found = [spoken, choice("music") === "off" ? "no music" : "music", choice("captions") === "false" ? "no captions" : "captions"];
  if (choice("brand")) found.push(choice("brand") === "true" ? "brand kit" : "no brand kit");
  if (part<HTMLInputElement>("approval").checked) found.push("script first");
  part("extras-said").textContent = found.join(", ");
}

function changed(event?: Event): void {
  const field = event?.target instanceof Element ? (event.target.getAttribute("name") ?? "") : "";
  if (field) clear(field);
  if (field === "provider") voice.follow(cloud());
  if (field === "style") {
    styles.changed();
    voice.changed();
  }
  words.measure();
  more();
  draw();
  money.changed();
  remember();
}

async function restored(upload: string | null): Promise<void> {
  const back = upload ? await photo.bring(upload) : true;
  const note = document.createElement("p");
  note.className = "restored";
  note.setAttribute("role", "status");
  const again = document.createElement("button");
  again.className = "button small";
  again.type = "button";
  again.textContent = "Start over";
  again.onclick = () => {
    forget();
    location.reload();
  };
  note.append(`We kept what you typed earlier.${back ? "" : " Only the photo needs choosing again."} `, again);
  form.before(note);
}

function start(): void {
  const problem = !part("summary").hidden; // the server has filled the form in
  const kept = problem ? null : recall();
  const used = kept !== null && Boolean(kept.fields["product_name"] || kept.fields["cta_text"] || kept.facts.length || kept.upload);
  phone.replaceChildren();
  part("order").classList.add("live");
  words.begin(kept ? kept.facts : null);
  styles.begin();
  voice.begin();
  money.begin();
  photo.begin(() => {
    clear("product_image");
    draw();
    money.changed();
    remember();
  });
  sending.begin();
  more();
  draw();
  if (kept && used) void restored(kept.upload);
  form.addEventListener("input", changed);
  window.addEventListener("pagehide", () => keep(facts(), photo.uploaded()));
  document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", forget);
}

start();
