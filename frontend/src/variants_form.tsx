/** The form: a photo, a name, styles by calls to action. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Once, send } from "./api";
import { Poster, type Style } from "./poster";
import { Tags } from "./tags";
import { KINDS, upload, why } from "./upload";
import { allowance, type Cloud, limitWrong, Makers, usePrice } from "./variants_deal";
import { leaving, money, span } from "./words";

interface Props {
  styles: Style[];
  most: number;
  limits: { name: number; cta: number; photo: number };
  cloud: Cloud;
}

const IDEAS = ["Shop now", "Learn more", "Order today", "Get yours"];
const FIRST = ["minimal", "bold"];

export function Form({ styles, most, limits, cloud }: Props) {
  const [photo, setPhoto] = useState<Taken | null>(null);
  const [name, setName] = useState("");
  const [chosen, choose] = useState<string[]>(FIRST.filter((name) => styles.some((one) => one.name === name)));
  const [ctas, setCtas] = useState<string[]>(IDEAS.slice(0, 2));
  const [draft, setDraft] = useState(true);
  const [paid, pay] = useState(false);
  const [typed, allow] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const looks = styles.filter((one) => chosen.includes(one.name));
  const many = looks.length * ctas.length;
  const order = {
    product_name: name.trim() || "Product", styles: looks.map((one) => one.name), ctas, draft,
    ...((paid && cloud.makers) || { provider: "offline" }),
    ...(photo?.id ? { upload_id: photo.id } : {}),
  };
  const free = { ...order, product_name: "Product" }; // offline the words change nothing
  const price = usePrice(paid ? order : free, many > 0 && many <= most && !photo?.busy);
  const limit = allowance(typed, price.found);
  const limitSaid = paid ? limitWrong(limit, price.found) : "";
  const once = useRef(new Once()).current;

  async function make(event: Event): Promise<void> {
    event.preventDefault();
    if (busy || !many || many > most) return;
    if (paid && (!price.found || limitSaid)) return setWrong(limitSaid || price.said || "The price is still being checked. Press the button again in a moment.");
    setBusy(true);
    setWrong("");
    const wanted = { ...order, product_name: name.trim(), ...(paid ? { max_cost_usd: Number(limit) } : {}) };
    try {
      const made = await send<{ group_id: string }>("POST", "/variants", wanted, once.headers(wanted));
      once.done();
      location.assign(`/variants/${encodeURIComponent(made.group_id)}`);
    } catch (error) {
      setWrong(why(error));
      setBusy(false);
    }
  }

  const does = `Make ${many} ${draft ? (many === 1 ? "draft" : "drafts") : many === 1 ? "ad" : "ads"}`;
  const found = price.found;
  const cost = !paid ? "free" : !found ? "checking the price..." : found.estimate_usd > 0 ? `about ${money(found.estimate_usd)}` : "already paid";
  return (
    <form class="grid-form" onSubmit={(event) => void make(event)}>
      <div class="grid-fields">
        <section class="card stack" aria-labelledby="v-product">
          <h2 id="v-product">Your product</h2>
          <Photo photo={photo} set={setPhoto} most={limits.photo} />
          <label class="field">
            <span class="label">Name</span>
            <input id="name" required maxLength={limits.name} autocomplete="off" placeholder="Aurora Desk Lamp" value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
        </section>
        <section class="card stack" aria-labelledby="v-looks">
          <h2 id="v-looks">
Styles <span class="tally">{looks.length}</span>
          </h2>
          <fieldset class="picks">
            <legend class="unseen">Styles</legend>
            {styles.map((one) => (
              <label class="pick" key={one.name}>
                <input type="checkbox" checked={chosen.includes(one.name)} onChange={() => choose((known) => (known.includes(one.name) ? known.filter((name) => name !== one.name) : [...known, one.name]))} />
                <span class="pick-card">
                  <Still style={one} />
                  <span class="pick-name">{one.title}</span>
                </span>
              </label>
            ))}
          </fieldset>
          {!looks.length && <p class="wrong">Choose at least one style.</p>}
        </section>
        <Words ctas={ctas} set={setCtas} most={limits.cta} room={looks.length ? Math.floor(most / looks.length) : most} />
        <Makers cloud={cloud} chosen={paid} choose={pay} limit={limit} allow={allow} wrong={limitSaid} />
      </div>
      <aside class="grid-side" aria-label="What will be made">
        <div class="card stack">
          <Matrix looks={looks} ctas={ctas} name={name.trim() || "Your product"} photo={photo?.src} />
          <p class="sum" role="status">
            {many > most ? (
              <span class="wrong">
                {many} ads is more than the limit of {most}. Remove a style or a call to action.
              </span>
            ) : (
              <>
                <b>
                  {looks.length} {looks.length === 1 ? "style" : "styles"} × {ctas.length} {ctas.length === 1 ? "call to action" : "calls to action"} = {many} {many === 1 ? "ad" : "ads"}
                </b>
                <span>{found ? `${cost[0]!.toUpperCase()}${cost.slice(1)}, ready in ${span(found.estimated_seconds)}` : "\u00a0"}</span>
              </>
            )}
          </p>
          <label class="check">
            <input type="checkbox" checked={draft} onChange={(event) => setDraft(event.currentTarget.checked)} />
            <span>
              <b>As drafts</b>
              <br />
              <span class="quiet">Small and quick: enough to pick a winner.</span>
            </span>
          </label>
          {(wrong || price.said) && (
            <p class="wrong" role="alert">
              {wrong || price.said}
            </p>
          )}
          <button class="button primary big" type="submit" disabled={busy || photo?.busy || !many || many > most}>
            {busy ? "Sending..." : photo?.busy ? "Uploading the photo..." : `${does}, ${cost}${paid && found && !limitSaid ? `, at most ${money(Number(limit))}` : ""}`}
          </button>
          <p class="hint">{leaving(paid, found?.sees)}</p>
        </div>
      </aside>
    </form>
  );
}

interface Taken {
  src: string | null;
  id: string | null;
  busy: boolean;
  name: string;
}

function Photo({ photo, set, most }: { photo: Taken | null; set: (photo: Taken | null) => void; most: number }) {
  const [wrong, setWrong] = useState("");
  const [over, setOver] = useState(false);
  const [known, setKnown] = useState<{ upload_id: string; name?: string | null }[]>([]);
  const latest = useRef(0);

  useEffect(() => {
    send<{ items: { upload_id: string; sha256: string }[] }>("GET", "/uploads?limit=30")
      .then(({ items }) => setKnown([...new Map(items.map((one) => [one.sha256, one])).values()].slice(0, 6))) // each photo once
      .catch(() => undefined);
    const paste = (event: ClipboardEvent) => {
      const file = image(event.clipboardData?.files);
      if (file) {
        event.preventDefault();
        void take(file);
      }
    };
    const stop = (event: DragEvent) => event.preventDefault(); // a photo that misses its place shall not take the page away
    document.addEventListener("paste", paste);
    window.addEventListener("dragover", stop);
    window.addEventListener("drop", stop);
    return () => {
      document.removeEventListener("paste", paste);
      window.removeEventListener("dragover", stop);
      window.removeEventListener("drop", stop);
    };
  }, []);

  async function take(file: File): Promise<void> {
    const mine = ++latest.current;
    setWrong("");
    if (file.size > most) return setWrong(`This photo is larger than ${Math.floor(most / 2 ** 20)} MB. Save a smaller copy.`);
    const src = URL.createObjectURL(file);
    set({ src, id: null, busy: true, name: file.name });
    try {
      const { upload_id } = await upload(file);
      if (mine === latest.current) set({ src, id: upload_id, busy: false, name: file.name });
    } catch (error) {
      if (mine !== latest.current) return;
      setWrong(why(error));
      set(null);
    }
  }

  return (
    <div
      class={`photo${over ? " over" : ""}`}
      onDragOver={() => setOver(true)}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = image(event.dataTransfer?.files);
        if (file) void take(file);
      }}
    >
      <div class="photo-view" aria-hidden="true">
        {photo?.src ? (
          <img src={photo.src} alt="" />
        ) : (
          <svg viewBox="0 0 48 48" width="40" height="40" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linejoin="round" stroke-linecap="round">
            <path d="M8 34V14a4 4 0 0 1 4-4h24a4 4 0 0 1 4 4v20a4 4 0 0 1-4 4H12a4 4 0 0 1-4-4zm0-3 9-9 8 8 5-5 10 9" />
          </svg>
        )}
      </div>
      <div class="photo-words">
        <label class="label" for="photo">
          Photo
        </label>
        <input
          id="photo"
          type="file"
          accept={KINDS}
          aria-describedby="photo-hint"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void take(file);
          }}
        />
        <p class="hint" id="photo-hint" role="status">
          {photo?.busy ? "Uploading..." : photo ? "Uploaded." : "Choose, drop or paste a photo. No photo? You get text-only videos."}
        </p>
        {known.length > 0 && (
          <div class="recent" role="group" aria-label="Recent photos">
            {known.map((one, place) => (
              <button
                type="button"
                key={one.upload_id}
                aria-label={`Photo ${place + 1}${one.name ? `, ${one.name}` : ""}`}
                aria-pressed={photo?.id === one.upload_id}
                onClick={() => {
                  latest.current += 1;
                  setWrong("");
                  set({ src: `/api/v1/uploads/${one.upload_id}/photo?width=270`, id: one.upload_id, busy: false, name: "" });
                }}
              >
                <img src={`/api/v1/uploads/${one.upload_id}/photo?width=270`} alt="" loading="lazy" width="44" height="44" />
              </button>
            ))}
          </div>
        )}
        {wrong && (
          <p class="wrong" role="alert">
            {wrong}
          </p>
        )}
      </div>
    </div>
  );
}

function image(files: FileList | undefined | null): File | undefined {
  return [...(files ?? [])].find((one) => one.type.startsWith("image/") || /\.hei[cf]$/i.test(one.name));
}

/** A real still of a style, over the drawing that stands there until it has come. */
function Still({ style }: { style: Style }) {
  const [here, come] = useState(false);
  return (
    <span class="pick-view">
      <Poster look={style} name={style.title} cta="Shop now" />
      <img class={here ? "here" : ""} src={`/api/v1/styles/${style.name}/still?width=270`} alt="" width="270" height="480" loading="lazy" onLoad={() => come(true)} />
    </span>
  );
}

function Words({ ctas, set, most, room }: { ctas: string[]; set: (ctas: string[]) => void; most: number; room: number }) {
  const ideas = IDEAS.filter((one) => !ctas.includes(one)).slice(0, 3);
  return (
    <section class="card stack" aria-labelledby="v-words">
      <h2 id="v-words">
        Calls to action <span class="tally">{ctas.length}</span>
      </h2>
      <Tags words={ctas} set={set} verb="Remove" name="Calls to action" most={most} placeholder="Add another" another="Another call to action" least={1} />
      {ideas.length > 0 && ctas.length < room && (
        <p class="ideas">
          {ideas.map((one) => (
            <button class="button small" type="button" key={one} onClick={() => set([...ctas, one])}>
              + {one}
            </button>
          ))}
        </p>
      )}
    </section>
  );
}

function Matrix({ looks, ctas, name, photo }: { looks: Style[]; ctas: string[]; name: string; photo: string | null | undefined }) {
  return (
    <div class="matrix" role="img" aria-label={`${looks.map((one) => one.title).join(", ")} by ${ctas.join(", ")}`} data-wide={Math.min(6, Math.max(looks.length, 1))}>
      {ctas.slice(0, 6).flatMap((cta) => looks.map((one) => <Poster key={`${one.name} ${cta}`} look={one} name={name} cta={cta} photo={photo} />))}
    </div>
  );
}
