/** The brand kit, with what it looks like at once. */
import { useEffect, useState } from "preact/hooks";
import { local, send } from "./api";
import { contrast, HEX, wordsOn } from "./colour";
import type { Look } from "./mock";
import { Poster } from "./poster";
import { Section } from "./settings_parts";
import { Tags } from "./tags";
import { toast } from "./toast";
import { KINDS, upload, why } from "./upload";

type Colour = "accent" | "ink" | "ground";
interface Kit {
  name: string;
  colours: Record<Colour, string | null>;
  font: string | null;
  cta_text: string;
  forbidden: string[];
}
interface Told extends Kit {
  logo_url: string | null;
  contrast: { pair: string; ratio: number; good: boolean; least: number; front: string; drawn: string; style: string | null }[];
  fonts: { name: string; title: string }[];
  updated_at: string | null;
}
interface Logo {
  src: string | null;
  id: string | null | undefined; // undefined: as it was
}

const READ = 4.5; // contrast of words
const SEEN = 1.5; // of a button, where the server has not said
const COLOURS: [Colour, string, string][] = [
  ["accent", "Accent", "Buttons and highlights"],
  ["ink", "Text", "Headlines and captions"],
  ["ground", "Background", "Behind the product"],
];
const PAIRS: Record<string, string> = { "ink on ground": "Text on background", "button words on accent": "Text on button", "button on ground": "Button on background" };

export function Brand({ look, may }: { look: Look; may: boolean }) {
  const [told, tell] = useState<Told | null>(null);
  const [kit, set] = useState<Kit | null>(null);
  const [logo, setLogo] = useState<Logo>({ src: null, id: undefined });
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);

  function take(found: Told): void {
    const { name, colours, font, cta_text, forbidden } = found;
    tell(found);
    set({ name, colours, font, cta_text, forbidden });
    setLogo({ src: found.logo_url && local(found.logo_url) + new URL(found.logo_url, location.href).search, id: undefined });
  }
  useEffect(() => {
    send<Told>("GET", "/brand")
      .then(take)
      .catch((error) => setWrong(why(error)));
  }, []);
  if (!told || !kit) return wrong ? <p class="wrong" role="alert">{wrong}</p> : null;

  const { name, colours, font, cta_text, forbidden } = told;
  const changed = logo.id !== undefined || JSON.stringify(kit) !== JSON.stringify({ name, colours, font, cta_text, forbidden });
  async function keep(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setWrong("");
    try {
      take(await send<Told>("PUT", "/brand", { ...kit, ...(logo.id === undefined ? {} : { logo_upload_id: logo.id }) }));
      toast("Saved. New ads will use it.");
    } catch (error) {
      setWrong(why(error));
    }
    setBusy(false);
  }
  const paint = (which: Colour, value: string | null) => set({ ...kit, colours: { ...kit.colours, [which]: value } });
  return (
    <Section id="brand" title="Brand" lead="Used in every new ad. Anything you leave empty follows the ad's style.">
      <form class="brand-kit" onSubmit={(event) => void keep(event)}>
        <fieldset class="brand-fields" disabled={!may}>
          <legend class="unseen">Brand kit</legend>
          <div class="pair">
            <label class="field">
              <span class="label">Name</span>
              <input maxLength={100} autocomplete="organization" placeholder="Aurora" value={kit.name} onInput={(event) => set({ ...kit, name: event.currentTarget.value })} />
            </label>
            <LogoField logo={logo} set={setLogo} wrong={setWrong} />
          </div>
          <div class="colours">
            {COLOURS.map(([which, title, says]) => (
              <ColourField key={which} id={`colour-${which}`} title={title} says={says} value={kit.colours[which]} usual={usual(which, look)} set={(value) => paint(which, value)} />
            ))}
          </div>
          <Check kit={kit} told={told} look={look} />
          <div class="pair">
            <label class="field">
              <span class="label">Headline font</span>
              <select value={kit.font ?? ""} onChange={(event) => set({ ...kit, font: event.currentTarget.value || null })}>
                <option value="">Follow the style</option>
                {told.fonts.map((one) => (
                  <option key={one.name} value={one.name}>
                    {one.title}
                  </option>
                ))}
              </select>
            </label>
            <label class="field">
              <span class="label">Default call to action</span>
              <input maxLength={60} autocomplete="off" placeholder="Visit aurora.example" value={kit.cta_text} onInput={(event) => set({ ...kit, cta_text: event.currentTarget.value })} />
            </label>
          </div>
          <Forbidden words={kit.forbidden} set={(words) => set({ ...kit, forbidden: words })} />
          {wrong && (
            <p class="wrong" role="alert">
              {wrong}
            </p>
          )}
          {may && (
            <p class="actions">
              <button class="button primary" type="submit" disabled={!changed || busy || bad(kit)}>
                {busy ? "Saving..." : "Save the brand"}
              </button>
              {changed && (
                <button class="button" type="button" onClick={() => take(told)}>
                  Undo
                </button>
              )}
            </p>
          )}
        </fieldset>
        <figure class="brand-view">
          <Poster look={dressed(kit, look, told)} name={kit.name || "Your product"} cta={kit.cta_text || "Shop now"} logo={logo.src} label="How it looks" />
          <figcaption class="hint">A rough preview. Each style adds its own touch.</figcaption>
        </figure>
      </form>
    </Section>
  );
}

function usual(which: Colour, look: Look): string {
  return which === "accent" ? look.accent : which === "ink" ? look.ink : look.fill;
}

function good(colour: string | null): string | null {
  return colour && HEX.test(colour) ? colour : null;
}

function bad(kit: Kit): boolean {
  return Object.values(kit.colours).some((one) => one !== null && !HEX.test(one));
}

function dressed(kit: Kit, look: Look, told: Told): Look {
  const accent = good(kit.colours.accent) ?? look.accent;
  const fill = good(kit.colours.ground) ?? look.fill;
  const ink = good(kit.colours.ink);
  const font = told.fonts.find((one) => one.name === kit.font)?.title;
  return {
    ...look, accent, fill, ink: readable(ink ?? look.ink, fill), onAccent: readable(ink ?? "#ffffff", accent),
    glow: kit.colours.ground ? (wordsOn(fill) === "#ffffff" ? "#ffffff22" : "#ffffff") : look.glow,
    letters: font ? `"${font}", ${look.letters}` : look.letters,
  };
}

/** A colour of words, or black or white where it could not be read: so the film has it too. */
function readable(words: string, ground: string): string {
  return contrast(words, ground) >= READ ? words : wordsOn(ground);
}

/** What the server will find when the kit is saved, as far as it can be known here. */
function foreseen(kit: Kit, look: Look, told: Told): Told["contrast"] {
  const seen = dressed(kit, look, told);
  const least = told.contrast.find((one) => one.pair === "button on ground")?.least ?? SEEN;
  const ink = good(kit.colours.ink);
  const pairs: [string, string, string, number, string][] = [
    ["ink on ground", ink ?? look.ink, seen.fill, READ, seen.ink],
    ["button words on accent", ink ?? "#ffffff", seen.accent, READ, seen.onAccent],
    ["button on ground", seen.accent, seen.fill, least, seen.accent],
  ];
  return pairs.map(([pair, front, back, least, drawn]) => {
    const ratio = contrast(front, back);
    return { pair, ratio, least, good: ratio >= least, front, drawn, style: null };
  });
}

function Check({ kit, told, look }: { kit: Kit; told: Told; look: Look }) {
  const same = JSON.stringify(kit.colours) === JSON.stringify(told.colours);
  const rows = same ? told.contrast : foreseen(kit, look, told);
  if (!rows.length) return null;
  return (
    <ul class="contrasts" aria-label="Contrast" aria-live="polite">
      {rows.map((one) => (
        <li key={one.pair} class={one.good ? "good" : "poor"}>
          <span class="mark" aria-hidden="true">
            {one.good ? "✓" : "!"}
          </span>
          <span>
            {PAIRS[one.pair] ?? one.pair}: <b>{one.ratio.toFixed(1)}</b>
            <span class="quiet">
              {one.good ? ", good" : `, hard to read: aim for ${one.least} or more`}
              {one.style && `, in ${one.style}`}
              {!one.good && one.drawn !== one.front && `. It is drawn in ${one.drawn} instead`}.
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}

function ColourField({ id, title, says, value, usual, set }: { id: string; title: string; says: string; value: string | null; usual: string; set: (value: string | null) => void }) {
  const wrong = value !== null && !HEX.test(value);
  return (
    <div class="colour">
      <label class="label" for={id}>
        {title}
      </label>
      <div class="colour-row">
        <input class="swatch" type="color" aria-label={`${title}, colour picker`} value={good(value) ?? usual} onInput={(event) => set(event.currentTarget.value)} />
        <input
          id={id}
          type="text"
          maxLength={7}
          autocomplete="off"
          spellcheck={false}
          placeholder="by style"
          value={value ?? ""}
          aria-invalid={wrong}
          onInput={(event) => {
            const text = event.currentTarget.value.trim();
            set(text ? (text[0] === "#" ? text : `#${text}`) : null);
          }}
        />
        {value !== null && (
          <button class="clear" type="button" aria-label={`Leave ${title.toLowerCase()} to the style`} onClick={() => set(null)}>
            ×
          </button>
        )}
      </div>
      <p class={wrong ? "wrong" : "hint"}>{wrong ? "Use a code like #0b5fff." : says}</p>
    </div>
  );
}

function LogoField({ logo, set, wrong }: { logo: Logo; set: (logo: Logo) => void; wrong: (text: string) => void }) {
  const [busy, setBusy] = useState(false);
  async function take(file: File | undefined): Promise<void> {
    if (!file) return;
    setBusy(true);
    wrong("");
    try {
      const { upload_id } = await upload(file);
      set({ src: URL.createObjectURL(file), id: upload_id });
    } catch (error) {
      wrong(why(error));
    }
    setBusy(false);
  }
  return (
    <div class="field">
      <label class="label" for="logo">
        Logo
      </label>
      <div class="logo">
        <span class="logo-view">{logo.src ? <img src={logo.src} alt="Your logo" /> : <span class="quiet">none</span>}</span>
        <input id="logo" type="file" accept={KINDS} disabled={busy} onChange={(event) => void take(event.currentTarget.files?.[0])} />
        {logo.src && (
          <button class="button small" type="button" onClick={() => set({ src: null, id: null })}>
            Remove
          </button>
        )}
      </div>
      <p class="hint">{busy ? "Uploading..." : "A PNG or WebP with a transparent background looks best."}</p>
    </div>
  );
}

function Forbidden({ words, set }: { words: string[]; set: (words: string[]) => void }) {
  return (
    <div class="field">
      <label class="label" for="forbidden">
        Words to avoid
      </label>
      <Tags words={words} set={set} verb="Allow" name="Words to avoid" most={100} placeholder="cheap, revolutionary" id="forbidden" split={(text) => text.split(",")} />
    </div>
  );
}
