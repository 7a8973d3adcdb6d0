/** A sentence at the foot of the page, for a few seconds; read out too. */
const SECONDS = 5;
let place: HTMLElement | null = null;

export function toast(text: string): void {
  if (!place) {
    place = document.createElement("div");
    place.className = "toasts";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  const one = document.createElement("p");
  one.className = "toast";
  one.textContent = text;
  place.append(one);
  window.setTimeout(() => one.remove(), SECONDS * 1000);
}
