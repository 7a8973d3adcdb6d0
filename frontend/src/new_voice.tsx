/** The voices: who speaks in the chosen style, to be listened to. */
import { render } from "preact";
import { form, part, style } from "./new_form";
import { only } from "./sound";
import { advice } from "./words";

const said = part("voice-said");
const voices = part("voices");
let playing: { provider: string; audio: HTMLAudioElement } | null = null;

function draw(): void {
  for (const place of voices.querySelectorAll<HTMLElement>(".listen")) {
    const provider = place.dataset["provider"]!;
    const on = playing?.provider === provider;
    const name = provider === "offline" ? voices.querySelector("b")!.textContent : part("voice-name").textContent;
    render(
      <button class="button small" type="button" aria-pressed={on} onClick={() => (on ? stop() : listen(provider))}>
        <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
          <path d={on ? "M5 4h4v12H5zM11 4h4v12h-4z" : "M6 4l10 6-10 6z"} fill="currentColor" />
        </svg>
        {on ? "Stop" : "Listen"}
        <span class="unseen"> to {name}</span>
      </button>,
      place,
    );
  }
}

function stop(): void {
  const before = playing;
  playing = null;
  before?.audio.pause();
  draw();
}

function listen(provider: string): void {
  stop();
  const url = `/api/v1/voices/${provider}/${encodeURIComponent(style().value)}/sample`;
  const audio = new Audio(url);
  const mine = { provider, audio };
  playing = mine;
  said.textContent = "Loading the voice...";
  audio.onplaying = () => (said.textContent = "");
  audio.onended = audio.onpause = () => playing === mine && stop();
  audio.onerror = () => {
    if (playing === mine) stop();
    void why(url);
  };
  only(audio);
  void audio.play().catch(() => undefined);
  draw();
}

async function why(url: string): Promise<void> {
  const answer = await fetch(url).catch(() => null);
  const problem = answer && !answer.ok ? ((await answer.json().catch(() => null)) as { detail?: string; hint?: string } | null) : null;
  said.textContent = problem?.detail ? `${advice(problem.detail)} ${advice(problem.hint ?? "")}` : "The voice could not be played. Nothing was charged.";
}

/** Another style has another voice. */
export function changed(): void {
  const name = style().dataset["voice"] ?? "";
  if (part("voice-name").textContent === name && voices.querySelector(".listen button")) return;
  part("voice-name").textContent = name;
  said.textContent = "";
  stop();
}

/** Choose the voice that goes with who makes the rest, until somebody chose one. */
export function follow(cloud: boolean): void {
  const bought = form.querySelector<HTMLInputElement>('input[name="voice_by"][value="elevenlabs"]')!;
  if (bought.disabled || voices.dataset["chosen"]) return;
  form.querySelector<HTMLInputElement>(`input[name="voice_by"][value="${cloud ? "elevenlabs" : "offline"}"]`)!.checked = true;
}

export function begin(): void {
  voices.addEventListener("change", () => (voices.dataset["chosen"] = "yes"));
  changed();
  draw();
}
