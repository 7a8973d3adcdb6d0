/** The page of a new ad: the form is the server's own, this shows at once what it will give. */
import { render } from "preact";
import { type Estimate, send } from "./api";
import { type Look, Mock } from "./mock";
import type { Told } from "./live";
import { money, span } from "./words";

const PAUSE = 350; // milliseconds without a key before the price is asked for

function part<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

const form = part<HTMLFormElement>("maker");
const photo = part<HTMLInputElement>("photo");
const drop = part("drop");
const name = part<HTMLInputElement>("name");
const cta = part<HTMLInputElement>("cta");
const draft = part<HTMLInputElement>("draft");
const go = part<HTMLButtonElement>("go");
const phone = part("mock");
const deal = part("deal");
const view = drop.querySelector<HTMLElement>(".drop-view")!;
const icon = view.innerHTML;
const locked = go.disabled;
let picture: string | null = null;

function chosen(): Look {
  const data = form.querySelector<HTMLInputElement>('input[name="style"]:checked')!.dataset;
  return data as unknown as Look;
}

function draw(): void {
  const words = { name: name.value.trim() || "Your product", cta: cta.value.trim() || "Shop now" };
  render(<Mock look={chosen()} photo={picture} {...words} />, phone);
}

function Deal({ price, seconds }: { price: number; seconds: number }) {
  return (
    <>
      <div>
        <dt>Price</dt>
        <dd>{price ? money(price) : "Free"}</dd>
      </div>
      <div>
        <dt>Ready in</dt>
        <dd>{span(seconds)}</dd>
      </div>
    </>
  );
}

let asked = 0;
async function ask(): Promise<void> {
  const mine = ++asked;
  const order = {
    product_name: name.value.trim() || "Product",
    style: form.querySelector<HTMLInputElement>('input[name="style"]:checked')!.value,
    draft: draft.checked,
    provider: "offline",
  };
  const found = await send<Estimate>("POST", "/estimate", order).catch(() => null);
  if (!found || mine !== asked) return;
  render(<Deal price={found.estimate_usd} seconds={found.estimated_seconds} />, deal);
  const price = found.estimate_usd ? money(found.estimate_usd) : "free";
  if (!go.dataset["busy"]) go.textContent = `Make the ${draft.checked ? "draft" : "ad"}, ${price}`;
}

let waiting = 0;
function changed(): void {
  draw();
  clearTimeout(waiting);
  waiting = window.setTimeout(() => void ask(), PAUSE);
}

function show(): void {
  if (picture) URL.revokeObjectURL(picture);
  picture = null;
  view.innerHTML = icon;
  const file = photo.files?.[0];
  const most = Number(photo.dataset["most"]);
  photo.setCustomValidity(file && file.size > most ? `This photo has more than ${Math.floor(most / 2 ** 20)} MB. Save it smaller.` : "");
  photo.reportValidity();
  if (!file) return draw();
  const address = URL.createObjectURL(file);
  const image = new Image();
  image.alt = "";
  image.onload = () => {
    picture = address;
    view.replaceChildren(image);
    draw();
  };
  image.onerror = () => {
    URL.revokeObjectURL(address); // a kind that this browser cannot show; the server can read it
    draw();
  };
  image.src = address;
}

function take(files: FileList | undefined | null): boolean {
  const file = [...(files ?? [])].find((one) => one.type.startsWith("image/") || /\.hei[cf]$/i.test(one.name));
  if (!file) return false;
  const kept = new DataTransfer();
  kept.items.add(file);
  photo.files = kept.files;
  show();
  return true;
}

for (const event of ["dragenter", "dragover"]) {
  drop.addEventListener(event, (one) => {
    one.preventDefault();
    drop.classList.add("over");
  });
}
for (const event of ["dragleave", "drop"]) drop.addEventListener(event, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer?.files);
});
// A photo that misses its place shall not take the page away.
for (const event of ["dragover", "drop"] as const) window.addEventListener(event, (one) => one.preventDefault());
document.addEventListener("paste", (event) => {
  if (take(event.clipboardData?.files)) event.preventDefault();
});
photo.addEventListener("change", show);
form.addEventListener("input", changed);
form.addEventListener("submit", () => {
  go.dataset["busy"] = "yes";
  go.textContent = photo.files?.length ? "Sending the photo ..." : "Sending ...";
  window.setTimeout(() => (go.disabled = true)); // after the form was read
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  delete go.dataset["busy"];
  go.disabled = locked;
  changed();
});

/** Keep the library's tiles of ads that are being made as they are now. */
function watch(): void {
  const tiles = new Map<string, HTMLElement>();
  for (const tile of document.querySelectorAll<HTMLElement>(".tile[data-live]")) tiles.set(tile.dataset["live"]!, tile);
  if (!tiles.size) return;
  const source = new EventSource(`/api/v1/events?jobs=${[...tiles.keys()].map(encodeURIComponent).join(",")}`);
  source.onmessage = (message: MessageEvent<string>) => {
    const told = JSON.parse(message.data) as Told;
    const tile = tiles.get(told.job_id);
    const pill = tile?.querySelector(".pill");
    if (!tile || !pill) return;
    if (["completed", "error", "cancelled"].includes(told.stage)) void renew(told.job_id, tile);
    else pill.textContent = `Being made, ${told.progress} %`;
  };
  source.addEventListener("end", () => source.close());
  window.addEventListener("pagehide", () => source.close());
}

async function renew(id: string, tile: HTMLElement): Promise<void> {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector(`.tile[data-job="${CSS.escape(id)}"] .tile-picture`);
  if (fresh) tile.querySelector(".tile-picture")?.replaceWith(fresh);
}

watch();
drop.classList.add("live");
part("photo-hint").prepend("Choose, drop or paste it. ");
phone.replaceChildren();
deal.replaceChildren();
show();
render(<Deal price={0} seconds={Number(form.dataset["seconds"] ?? 60)} />, deal);
void ask();
