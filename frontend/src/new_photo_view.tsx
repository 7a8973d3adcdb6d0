/** The photo as it is seen: itself, its cut-out, its colours, and what happens to it. */
import type { PhotoState } from "./new_photo";

const COARSE = matchMedia("(pointer: coarse)").matches; // a phone or tablet: it has a camera

export function PhotoView({ state }: { state: PhotoState }) {
  if (state.kind === "none")
    return (
      <svg viewBox="0 0 48 48" width="44" height="44">
        <path d="M24 33V12m0 0-8 8m8-8 8 8M9 31v5a4 4 0 0 0 4 4h22a4 4 0 0 0 4-4v-5" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round" />
      </svg>
    );
  const cutout = state.kind === "ready" ? state.cutout : null;
  const busy = state.kind === "sending" || state.kind === "looking";
  return (
    <>
      <div class={`shot${state.kind === "failed" ? " bad" : ""}`}>{state.url ? <img key={state.url} src={state.url} alt="" /> : <span>No preview</span>}</div>
      {(busy || cutout) && <div class={`shot cut${busy ? " busy" : ""}`}>{cutout && <img key={cutout} src={cutout} alt="" />}</div>}
    </>
  );
}

function says(state: PhotoState): string {
  if (state.kind === "sending") return state.share < 1 ? `Uploading, ${Math.round(state.share * 100)}%...` : "Saving...";
  if (state.kind === "looking") return "Removing the background...";
  if (state.kind !== "ready") return "";
  if (state.cutout) return "Background removed. This is how your product appears in the video.";
  if (!state.sight) return "Saved. The background is removed when the ad is made.";
  if (state.sight.kind === "words") return "We found no product in this photo, so the video will be mostly text.";
  return "The product does not stand clear of its background, so the whole photo is shown.";
}

interface Props {
  state: PhotoState;
  name: string;
  remove: () => void;
  again: () => void;
  take: (files: FileList | null) => boolean;
}

export function PhotoTools({ state, name, remove, again, take }: Props) {
  const none = state.kind === "none";
  const palette = state.kind === "ready" && state.sight ? state.sight.palette.slice(0, 5) : [];
  return (
    <div class="photo-tools">
      {none && <p class="drop-call">{COARSE ? "Show us your product" : "Drop or paste a photo here"}</p>}
      {!none && name && <p class="photo-name">{name}</p>}
      {state.kind === "sending" && <progress max="1" value={state.share} aria-label="Upload of the photo" />}
      <p class={state.kind === "failed" ? "wrong" : "photo-said"} role="status">
        {state.kind === "failed" ? state.said : says(state)}
      </p>
      {palette.length > 0 && (
        <svg class="swatches" viewBox={`0 0 ${palette.length * 22} 20`} width={palette.length * 22} height="20" role="img" aria-label={`Its colours: ${palette.join(", ")}`}>
          {palette.map((colour, place) => (
            <circle key={place} cx={place * 22 + 10} cy="10" r="9" fill={colour} />
          ))}
        </svg>
      )}
      <div class="photo-buttons">
        <label class={`button choose${none ? " strong" : " small"}`} for="photo">
          {none ? "Choose a photo" : "Choose another"}
        </label>
        {COARSE && none && (
          <label class="button">
            Use the camera
            <input class="unseen" type="file" accept="image/*" capture="environment" onChange={(event) => take(event.currentTarget.files)} />
          </label>
        )}
        {state.kind === "failed" && state.again && (
          <button class="button small" type="button" onClick={again}>
            Try again
          </button>
        )}
        {!none && (
          <button class="button small" type="button" onClick={remove}>
            Remove<span class="unseen"> the photo</span>
          </button>
        )}
      </div>
    </div>
  );
}
